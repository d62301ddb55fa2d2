import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '../core/error-code.ts';

/**
 * Who writes a journal folder. A pid alone is given away again (after a restart of a container it is even likely
 * to be the same), so the start time of the process goes with it; and a pid means nothing in another container or
 * on another machine, so there a lease stands in for it: the owner touches the file, and a file that nobody touched
 * for `LEASE_MS` belongs to nobody.
 */
export interface Owner {
  readonly pid: number;
  readonly startedAt: string | null;
  /** Host, boot and pid namespace: where `pid` has a meaning. */
  readonly place: string;
  /** Random, so that an owner can tell its own file from a successor's. */
  readonly token: string;
}

export const OWNER_FILE = 'owner';
/** Prefix of a folder that does not have its owner yet. */
export const UNFINISHED = '.new-';
export const TOUCH_MS = 5_000;
export const LEASE_MS = 30_000;

export function writeOwner(folder: string, token: string): void {
  const owner: Owner = { pid: process.pid, startedAt: startOf(process.pid), place: place(), token };
  writeFileSync(join(folder, OWNER_FILE), JSON.stringify(owner));
}

export function touchOwner(folder: string, now: number): void {
  utimesSync(join(folder, OWNER_FILE), now / 1000, now / 1000);
}

/** False once another process has adopted the folder. */
export function isOwnedBy(folder: string, token: string): boolean {
  return readOwner(folder)?.token === token;
}

/** True while the folder's writer may still write; a folder without an owner was closed. */
export function hasLiveOwner(folder: string, now: number): boolean {
  const owner = readOwner(folder);
  if (owner === null) return false;
  if (owner.place !== place()) {
    const found = statSync(join(folder, OWNER_FILE), { throwIfNoEntry: false });
    return found !== undefined && now - found.mtimeMs < LEASE_MS;
  }
  return isRunning(owner.pid) && startOf(owner.pid) === owner.startedAt;
}

/** True when a process elsewhere wrote it: a lease that ran out does not prove that it ended. */
export function wasWrittenElsewhere(folder: string): boolean {
  const owner = readOwner(folder);
  return owner !== null && owner.place !== place();
}

/** null: absent, or cut by a power failure; either way its writer is gone. Whatever else fails says nothing about it. */
function readOwner(folder: string): Owner | null {
  try {
    return JSON.parse(readFileSync(join(folder, OWNER_FILE), 'utf8')) as Owner;
  } catch (error) {
    if (error instanceof SyntaxError || hasCode(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return statOf(pid)?.state !== 'Z';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Start time of a process in the system's own words; null where it cannot be had (Windows). */
function startOf(pid: number): string | null {
  const stat = statOf(pid);
  if (stat !== null) return stat.startedAt;
  const listed = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return listed.status === 0 ? listed.stdout.trim() : null;
}

function statOf(pid: number): { readonly state: string; readonly startedAt: string } | null {
  try {
    const line = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The command name, in parentheses, may hold spaces: fields count from behind it.
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0], startedAt: fields[19] };
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return null;
    throw error; // too many open files do not end the process that is asked about
  }
}

function place(): string {
  const read = (get: () => string): string => {
    try {
      return get().trim();
    } catch {
      return '';
    }
  };
  const boot = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  const namespace = read(() => readlinkSync('/proc/self/ns/pid'));
  return `${hostname()} ${boot} ${namespace}`;
}
