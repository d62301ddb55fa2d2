import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LEASE_MS, OWNER_FILE, hasLiveOwner, isOwnedBy, writeOwner } from '../../src/journal/owner.ts';
import { temporaryFolder } from './folder.ts';

const now = Date.now();

/** A folder owned by this process, with some fields of the owner changed. */
function ownedFolder(changes: Record<string, unknown> = {}): string {
  const folder = temporaryFolder();
  writeOwner(folder, 'mine');
  const file = join(folder, OWNER_FILE);
  const owner = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...owner, ...changes }));
  return folder;
}

describe('the owner of a journal folder', () => {
  it('is alive while its process is', () => {
    expect(hasLiveOwner(ownedFolder(), now)).toBe(true);
  });

  it('is gone when there is none, or its file was cut', () => {
    expect(hasLiveOwner(temporaryFolder(), now)).toBe(false);
    const folder = temporaryFolder();
    writeFileSync(join(folder, OWNER_FILE), '{"pid":');
    expect(hasLiveOwner(folder, now)).toBe(false);
  });

  it('is gone when no process has its pid, or one that started at another time', () => {
    expect(hasLiveOwner(ownedFolder({ pid: 2 ** 22 + 1 }), now)).toBe(false);
    expect(hasLiveOwner(ownedFolder({ startedAt: 'yesterday' }), now)).toBe(false);
  });

  it('of another container or host is alive as long as it touches its file', () => {
    const folder = ownedFolder({ place: 'another host', pid: 2 ** 22 + 1 });
    expect(hasLiveOwner(folder, now)).toBe(true);
    const longAgo = (now - LEASE_MS - 1_000) / 1000;
    utimesSync(join(folder, OWNER_FILE), longAgo, longAgo);
    expect(hasLiveOwner(folder, now)).toBe(false);
  });

  it('knows its own file from a successor’s, and from none', () => {
    const folder = ownedFolder();
    expect(isOwnedBy(folder, 'mine')).toBe(true);
    writeOwner(folder, 'theirs');
    expect(isOwnedBy(folder, 'mine')).toBe(false);
    expect(isOwnedBy(join(folder, 'moved-away'), 'mine')).toBe(false);
  });
});
