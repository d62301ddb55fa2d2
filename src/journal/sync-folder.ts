import { closeSync, fsync, fsyncSync, openSync } from 'node:fs';

/** The names in a folder are on the disk only after this: a file or folder that is synced itself may else be lost. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** The same without waiting in the event loop. */
export async function syncFolderAside(path: string): Promise<void> {
  const folder = openSync(path, 'r');
  try {
    await new Promise<void>((resolve, reject) => {
      fsync(folder, (error) => (error === null ? resolve() : reject(error)));
    });
  } finally {
    closeSync(folder);
  }
}
