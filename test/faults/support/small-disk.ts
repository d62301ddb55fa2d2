import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Mounting needs root and the right to do so. */
export function whyNoSmallDisk(): string | null {
  if (process.platform !== 'linux') return 'a small disk is a tmpfs: Linux only';
  const path = join(tmpdir(), `allot-mount-${String(process.pid)}`);
  try {
    mountSmallDisk(path, '64k')();
    return null;
  } catch {
    return 'no right to mount a tmpfs here';
  }
}

/** Mounts a disk of that size at `path`; returns how to take it away. */
export function mountSmallDisk(path: string, size: string): () => void {
  mkdirSync(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'allot-faults', path], { stdio: 'ignore' });
  return () => {
    execFileSync('umount', ['-l', path], { stdio: 'ignore' });
    rmSync(path, { recursive: true, force: true });
  };
}
