import { closeSync, fsyncSync, openSync } from 'node:fs';

/** The names in a folder are on the disk only after this: a file or folder that is synced itself may else be lost. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
