import { rmSync } from 'node:fs';
import { runnableBinaries } from './binaries.ts';
import { withFileLock } from './file-lock.ts';
import { checkVersion, initialise } from './initialise.ts';
import { openPlace, type Place } from './place.ts';
import {
  adoptOrClear,
  databaseUrl,
  isServing,
  type Postmaster,
  stopPostmaster,
  writtenPostmaster,
} from './postmaster.ts';
import { launch } from './launch.ts';
import { hasOtherUsers, register } from './users.ts';

export interface EmbeddedOptions {
  /** Everything of this server lives here; see `place.ts`. */
  readonly directory: string;
  readonly log?: (message: string) => void;
  /** `false`: no fsync. For tests only: a power cut destroys the data. */
  readonly isDurable?: boolean;
  /** Gives up a start that has not succeeded yet, and leaves no server behind that it started. */
  readonly signal?: AbortSignal;
}

export interface EmbeddedPostgres {
  readonly url: string;
  readonly pid: number;
  /** Stops the server, unless another process uses it. */
  stop(): Promise<void>;
}

/** How often we look whether the server still lives. */
const WATCH_MS = 5_000;

/**
 * The PostgreSQL that Allot brings along, for one machine. It outlives a killed parent on purpose: whoever starts
 * next for the same folder adopts it, and whoever leaves last stops it. While in use it is started again if it dies
 * (the out-of-memory killer), on its old port.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? (() => undefined);
  const place = openPlace(options.directory);
  const start = (signal?: AbortSignal): Promise<Postmaster> =>
    ensureRunning(place, log, options.isDurable ?? true, signal);
  const begin = async (): Promise<EmbeddedPostgres> => {
    let server = await start(options.signal);
    const note = register(place);
    const watch = keepRunning(place, log, async () => {
      server = await start();
      return server;
    });
    let stopping: Promise<void> | undefined;
    return {
      url: databaseUrl(place, server.port, 'allot'),
      get pid() {
        return server.pid;
      },
      stop: () => (stopping ??= watch.stop().then(() => leave(place, note))),
    };
  };
  return withFileLock(place.lock, begin, options.signal);
}

function keepRunning(
  place: Place,
  log: (message: string) => void,
  start: () => Promise<Postmaster>,
): { stop(): Promise<void> } {
  let looking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    const found = writtenPostmaster(place);
    if (found !== undefined && isServing(place, found.pid)) return;
    log('the embedded PostgreSQL is gone; starting it again');
    const { port } = await withFileLock(place.lock, () => start());
    log(`the embedded PostgreSQL is back on port ${port}`);
  };
  const timer = setInterval(() => {
    looking ??= look()
      .catch((error: unknown) => log(`the embedded PostgreSQL did not come back: ${String(error)}`))
      .finally(() => (looking = undefined));
  }, WATCH_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}

async function ensureRunning(
  place: Place,
  log: (message: string) => void,
  isDurable: boolean,
  signal?: AbortSignal,
): Promise<Postmaster> {
  const running = await adoptOrClear(place, log, signal);
  if (running !== undefined) return running;
  const binaries = runnableBinaries(place.user, log);
  signal?.throwIfAborted();
  await initialise(place, binaries, signal);
  checkVersion(place, binaries.major);
  return launch(place, binaries, isDurable, signal);
}

async function leave(place: Place, note: string): Promise<void> {
  await withFileLock(place.lock, async () => {
    rmSync(note, { force: true });
    const server = writtenPostmaster(place);
    if (server === undefined || hasOtherUsers(place, note) || !isServing(place, server.pid)) return;
    await stopPostmaster(server.pid);
  });
}
