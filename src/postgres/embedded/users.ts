import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from './place.ts';
import { isAlive } from './process-state.ts';

let counter = 0;

/** Notes that this process uses the server; call under the lock. Returns the note's path. */
export function register(place: Place): string {
  const note = join(place.users, `${process.pid}.${++counter}`);
  writeFileSync(note, '');
  return note;
}

/** Whether anybody else alive still uses the server; notes of the dead are swept. */
export function hasOtherUsers(place: Place, note: string): boolean {
  let others = 0;
  for (const name of readdirSync(place.users)) {
    const path = join(place.users, name);
    if (path === note) continue;
    if (isAlive(Number(name.split('.')[0]))) others += 1;
    else rmSync(path, { force: true });
  }
  return others > 0;
}
