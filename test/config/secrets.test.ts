import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Secrets, loadOrCreateSecrets, makeSecrets } from '../../src/config/secrets.ts';
import { SyncedFiles } from '../faults/support/synced-files.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'allot-secrets-'));
  file = join(folder, 'data', 'secrets.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the secrets file', () => {
  it('is made once, readable by its owner only, and read back the same', () => {
    const made = loadOrCreateSecrets(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(loadOrCreateSecrets(file)).toEqual(made);
    expect(readdirSync(join(folder, 'data'))).toEqual(['secrets.json']);
  });

  it('holds four different keys of 16 bytes', () => {
    const { drawKey, assignmentKey, pseudonymKey, idKeys } = makeSecrets();
    const keys = [drawKey, assignmentKey, pseudonymKey, ...idKeys.map(({ key }) => key)];
    expect(keys.map((key) => key.length)).toEqual([16, 16, 16, 16]);
    expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(4);
  });

  it('is refused when others may read it', () => {
    loadOrCreateSecrets(file);
    chmodSync(file, 0o640);
    expect(() => loadOrCreateSecrets(file)).toThrow(/chmod 600/);
  });

  it('is refused when it is cut, and what it holds is not repeated', () => {
    loadOrCreateSecrets(file);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.slice(0, 60));
    expect(() => loadOrCreateSecrets(file)).toThrow(/cannot be read as JSON/);
    expect(readFileSync(file, 'utf8')).toBe(text.slice(0, 60));
  });

  it('is refused when one key serves two purposes', () => {
    loadOrCreateSecrets(file);
    const secrets = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify({ ...secrets, drawKey: secrets['pseudonymKey'] }));
    expect(() => loadOrCreateSecrets(file)).toThrow(/two purposes/);
  });

  it('is refused when a key is missing, naming the field', () => {
    loadOrCreateSecrets(file);
    const { drawKey: _, ...rest } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify(rest));
    expect(() => loadOrCreateSecrets(file)).toThrow(/damaged at drawKey/);
  });
});

describe('new secrets', () => {
  it('are on the disk before anybody uses them', () => {
    const root = realpathSync(folder);
    const made = join(root, 'data', 'secrets.json');
    const hook = fileURLToPath(new URL('../faults/hooks/synced.mjs', import.meta.url));
    const module = new URL('../../src/config/secrets.ts', import.meta.url).href;
    const script = `import { loadOrCreateSecrets } from '${module}'; loadOrCreateSecrets('${made}');`;
    execFileSync(
      process.execPath,
      ['--import', 'tsx', '--import', hook, '--input-type=module', '-e', script],
      { env: { ...process.env, FAULTS_SYNC_LOG: join(root, 'synced') } },
    );
    const before = loadOrCreateSecrets(made);
    new SyncedFiles(root, join(root, 'synced')).cut(root);
    expect(loadOrCreateSecrets(made)).toEqual(before);
  });

  it('are not made where something was decided by others that are lost', () => {
    expect(() => loadOrCreateSecrets(file, () => 'the journal holds records')).toThrow(
      /the journal holds records.*restore .* or .*ALLOT_SECRETS_FILE/s,
    );
    expect(existsSync(file)).toBe(false);
  });

  it('of another process that made them meanwhile are read, whatever was decided by them', () => {
    let theirs: Secrets | null = null;
    const ours = loadOrCreateSecrets(file, () => {
      theirs = loadOrCreateSecrets(file);
      return 'the journal holds records';
    });
    expect(ours).toEqual(theirs);
  });
});
