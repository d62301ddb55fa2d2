import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Who the server process runs as; null: as ourselves. */
export type ServerUser = { readonly uid: number; readonly gid: number } | null;

/**
 * PostgreSQL refuses to run as root. As root, the server runs as whoever already owns the folder; else as the owner
 * of the folder around it (a bind mount or a home directory keeps one owner); else as `nobody`.
 */
export function serverUser(directory: string): ServerUser {
  if (process.getuid?.() !== 0) return null;
  for (const folder of [directory, dirname(directory)]) {
    const stat = statSync(folder, { throwIfNoEntry: false });
    if (stat !== undefined && stat.uid !== 0) return { uid: stat.uid, gid: stat.gid };
  }
  return nobody();
}

function nobody(): { uid: number; gid: number } {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('nobody:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  // macOS writes nobody as -2; setuid takes the unsigned form.
  const id = (text: string | undefined): number => (text === undefined ? 65534 : Number(text) >>> 0);
  return { uid: id(uid), gid: id(gid) };
}
