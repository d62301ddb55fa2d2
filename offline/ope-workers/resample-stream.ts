import type { Worker } from 'node:worker_threads';
import { invariant } from '../../src/core/check.ts';
import { CompensatedSum } from '../../src/core/math/compensated-sum.ts';
import type { ResampledTotals } from '../../src/core/ope/bootstrap.ts';
import { sibling, startThread } from '../../src/runtime/start-host.ts';
import { mergeTotals, emptyTotals, finishedTotals, type StreamTotals } from './poisson-stream.ts';

/** Sums of some units, a column per term of the estimators. All rows of a unit are in one chunk, or its parts simply add up. */
export interface UnitChunk {
  readonly columns: readonly Float64Array<ArrayBuffer>[];
  /** Two words per unit. */
  readonly ids: Int32Array<ArrayBuffer>;
}

export interface StreamedTotals {
  /** Of the log as it is. */
  readonly totals: Float64Array;
  readonly resampled: ResampledTotals;
  readonly units: number;
}

/** Chunks that a worker may have waiting: enough that it never idles, few enough that memory stays flat. */
const IN_FLIGHT = 2;

/**
 * The bootstrap by unit of a log that is read once, in chunks, by several threads. A resample's weights depend on (seed, resample,
 * unit id) alone, so neither the order of the chunks nor the number of threads changes the answer (beyond rounding). Memory: the
 * totals and a few chunks, whatever the number of rows.
 *
 * @param chunks their buffers are handed to the threads: not to be used afterwards
 */
export async function resampleStream(
  chunks: Iterable<UnitChunk> | AsyncIterable<UnitChunk>,
  options: { readonly resamples: number; readonly seed: number; readonly workers: number },
): Promise<StreamedTotals> {
  const { resamples, seed, workers } = options;
  invariant(resamples >= 1 && workers >= 1, 'at least one resample and one worker');
  const crew = Array.from({ length: workers }, () => createHand({ resamples, seed }));
  const sums: CompensatedSum[] = [];
  let units = 0;
  try {
    for await (const chunk of chunks) {
      units += chunk.ids.length / 2;
      chunk.columns.forEach((column, j) => addTo((sums[j] ??= new CompensatedSum()), column));
      const free = await Promise.race(crew.map(async (hand) => (await hand.isFree(), hand)));
      free.give(chunk);
    }
    const total = emptyTotals(resamples, sums.length);
    for (const part of await Promise.all(crew.map((hand) => hand.finish()))) {
      if (part !== null) mergeTotals(total, part);
    }
    return { totals: Float64Array.from(sums, (sum) => sum.value), resampled: finishedTotals(total), units };
  } finally {
    await Promise.all(crew.map((hand) => hand.stop()));
  }
}

function addTo(sum: CompensatedSum, column: Float64Array): void {
  for (const value of column) sum.add(value);
}

interface Hand {
  isFree(): Promise<void>;
  give(chunk: UnitChunk): void;
  finish(): Promise<StreamTotals | null>;
  stop(): Promise<unknown>;
}

function createHand(workerData: { readonly resamples: number; readonly seed: number }): Hand {
  const worker: Worker = startThread(sibling(import.meta.url, './resample-child'), workerData);
  let inFlight = 0;
  let failure: Error | undefined;
  let waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  let finished: ((totals: StreamTotals | null) => void) | undefined;
  const wake = (): void => {
    const all = waiting;
    waiting = [];
    for (const { resolve, reject } of all) {
      if (failure === undefined) resolve();
      else reject(failure);
    }
  };
  worker.on('message', (message: 'taken' | StreamTotals | null) => {
    if (message === 'taken') inFlight--;
    else finished?.(message);
    wake();
  });
  worker.on('error', (error: Error) => {
    failure = error;
    wake();
  });
  const next = (): Promise<void> => new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  return {
    async isFree() {
      while (inFlight >= IN_FLIGHT) await next();
      if (failure !== undefined) throw failure;
    },
    give(chunk) {
      inFlight++;
      worker.postMessage(chunk, [chunk.ids.buffer, ...chunk.columns.map((column) => column.buffer)]);
    },
    async finish() {
      while (inFlight > 0) await next();
      if (failure !== undefined) throw failure;
      return new Promise((resolve, reject) => {
        finished = resolve;
        waiting.push({ resolve: () => undefined, reject });
        worker.postMessage('finish');
      });
    },
    stop: () => worker.terminate(),
  };
}
