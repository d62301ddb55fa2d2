import { chmodSync, chownSync, lstatSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AllotError } from '../../core/errors.ts';
import { serverUser, type ServerUser } from './server-user.ts';

/**
 *     <directory>/           0700, owned by the server's user
 *       data/                the cluster (PGDATA)
 *       password             0600, of the role `allot`
 *       port                 where it listened last
 *       server.log           what the server says
 *       lock                 held while somebody starts or stops it
 *       users/<pid>.<n>      one file per process that uses it: the last one stops it
 */
export interface Place {
  readonly directory: string;
  readonly data: string;
  readonly password: string;
  readonly port: string;
  readonly log: string;
  readonly lock: string;
  readonly users: string;
  readonly user: ServerUser;
}

export function openPlace(path: string): Place {
  const directory = resolve(path);
  mkdirSync(directory, { recursive: true });
  const user = serverUser(directory);
  const place: Place = {
    directory,
    data: join(directory, 'data'),
    password: join(directory, 'password'),
    port: join(directory, 'port'),
    log: join(directory, 'server.log'),
    lock: join(directory, 'lock'),
    users: join(directory, 'users'),
    user,
  };
  refuseForeign(directory);
  hand(directory, user, 0o700);
  mkdirSync(place.users, { recursive: true });
  hand(place.users, user, 0o700);
  return place;
}

/** Gives a file or folder to the server's user. */
export function hand(path: string, user: ServerUser, mode: number): void {
  chmodSync(path, mode);
  if (user !== null) chownSync(path, user.uid, user.gid);
}

function refuseForeign(directory: string): void {
  const uid = process.getuid?.();
  const owner = lstatSync(directory).uid;
  if (uid === undefined || uid === 0 || owner === uid) return;
  throw new AllotError(
    'config_invalid',
    `${directory} belongs to user ${owner} (a run as root?): run as that user, or give the folder to user ${uid}`,
  );
}

/**
 * How the server is told where its data is. On Linux its working directory is set before the user is switched, and
 * `/proc/self/cwd` leads there without walking through the folders above, which that user may not enter
 * (/root, say). Everything the server opens is below it.
 */
export function dataArgument(folder: string): { argument: string; cwd: string } {
  return { argument: process.platform === 'linux' ? '/proc/self/cwd' : folder, cwd: folder };
}
