import { parentPort, workerData } from 'node:worker_threads';
import { addPoissonTotals, emptyTotals, type StreamTotals } from './poisson-stream.ts';
import type { UnitChunk } from './resample-stream.ts';

/** The work of a thread of `resample-stream.ts`: adds every chunk to its own totals, and hands them over at the end. */
const { resamples, seed } = workerData as { readonly resamples: number; readonly seed: number };
let totals: StreamTotals | undefined;

parentPort?.on('message', (chunk: UnitChunk | 'finish') => {
  if (chunk === 'finish') {
    parentPort?.postMessage(totals ?? null);
    return;
  }
  totals ??= emptyTotals(resamples, chunk.columns.length);
  addPoissonTotals(totals, chunk.columns, chunk.ids, seed);
  parentPort?.postMessage('taken');
});
