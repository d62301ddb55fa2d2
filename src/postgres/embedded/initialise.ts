import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AllotError } from '../../core/errors.ts';
import type { Binaries } from './binaries.ts';
import { dataArgument, hand, type Place } from './place.ts';

/** Makes the cluster where there is none. Under a draft name first: a killed initdb leaves nothing to trip over. */
export async function initialise(place: Place, binaries: Binaries, signal?: AbortSignal): Promise<void> {
  if (existsSync(place.data)) return;
  const draft = `${place.data}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft);
  hand(draft, place.user, 0o700);
  writeFileSync(place.password, randomBytes(24).toString('hex'), { mode: 0o600 });
  hand(place.password, place.user, 0o600);
  await initdb(place, binaries, draft, signal);
  renameSync(draft, place.data);
}

async function initdb(
  place: Place,
  binaries: Binaries,
  draft: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { argument, cwd } = dataArgument(draft);
  const options = [
    ['-D', argument],
    ['-U', 'allot'],
    ['--pwfile', process.platform === 'linux' ? '../password' : place.password],
    ['--auth=scram-sha-256', '--encoding=UTF8', '--no-instructions'],
    // One collation everywhere: text sorts by code point, on every platform and for ever.
    ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
  ].flat();
  const child = spawn(join(binaries.folder, 'bin', 'initdb'), options, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...place.user,
    ...(signal === undefined ? {} : { signal }),
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  const code = await new Promise<number | null>((done, fail) => {
    // Of an interrupted one the end is waited for.
    child.on('error', (error) => (signal?.aborted === true ? undefined : fail(error)));
    child.on('close', done);
  });
  signal?.throwIfAborted();
  if (code !== 0) {
    throw new AllotError('store_unavailable', `initdb failed (exit code ${String(code)}):\n${output.trim()}`);
  }
}

/** Data files are bound to the major version that wrote them. */
export function checkVersion(place: Place, major: string): void {
  const file = join(place.data, 'PG_VERSION');
  const found = existsSync(file) ? readFileSync(file, 'utf8').trim() : 'none';
  if (found === major) return;
  throw new AllotError(
    'config_invalid',
    `${place.data} holds data of PostgreSQL ${found}, but this Allot brings ${major}. Start the Allot that wrote it, ` +
      `or serve the folder with PostgreSQL ${found} and set DATABASE_URL, or move the folder away to begin anew.`,
  );
}

export const readPassword = (place: Place): string => readFileSync(place.password, 'utf8').trim();
