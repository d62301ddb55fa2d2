import { closeSync, fsyncSync, openSync } from 'node:fs';

/** The names in a folder are on the disk only after this. (The journal has its own: adapters do not share code.) */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
