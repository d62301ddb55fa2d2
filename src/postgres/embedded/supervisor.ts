import { rmSync } from 'node:fs';
import { runnableBinaries } from './binaries.ts';
import { withFileLock } from './file-lock.ts';
import { checkVersion, initialise } from './initialise.ts';
import { openPlace, type Place } from './place.ts';
import { adoptOrClear, databaseUrl, isServing, type Postmaster, stopPostmaster } from './postmaster.ts';
import { launch } from './launch.ts';
import { hasOtherUsers, register } from './users.ts';

export interface EmbeddedOptions {
  /** Everything of this server lives here; see `place.ts`. */
  readonly directory: string;
  readonly log?: (message: string) => void;
  /** `false`: no fsync. For tests only: a power cut destroys the data. */
  readonly isDurable?: boolean;
}

export interface EmbeddedPostgres {
  readonly url: string;
  readonly pid: number;
  /** Stops the server, unless another process uses it. */
  stop(): Promise<void>;
}

/**
 * The PostgreSQL that Allot brings along, for one machine. It outlives a killed parent on purpose: whoever starts
 * next for the same folder adopts it, and whoever leaves last stops it.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? (() => undefined);
  const place = openPlace(options.directory);
  return withFileLock(place.lock, async () => {
    const server = await ensureRunning(place, log, options.isDurable ?? true);
    const note = register(place);
    let stopping: Promise<void> | undefined;
    return {
      url: databaseUrl(place, server.port, 'allot'),
      pid: server.pid,
      stop: () => (stopping ??= leave(place, server, note)),
    };
  });
}

async function ensureRunning(
  place: Place,
  log: (message: string) => void,
  isDurable: boolean,
): Promise<Postmaster> {
  const running = await adoptOrClear(place, log);
  if (running !== undefined) return running;
  const binaries = runnableBinaries(place.user, log);
  await initialise(place, binaries);
  checkVersion(place, binaries.major);
  return launch(place, binaries, isDurable);
}

async function leave(place: Place, server: Postmaster, note: string): Promise<void> {
  await withFileLock(place.lock, async () => {
    rmSync(note, { force: true });
    if (hasOtherUsers(place, note) || !isServing(place, server.pid)) return;
    await stopPostmaster(server.pid);
  });
}
