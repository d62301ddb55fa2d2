import { parentPort, workerData } from 'node:worker_threads';
import { startWholeController } from '../../compose/controller.ts';
import type { ControllerThreadData, FromController, ToController } from '../../compose/controller-thread.ts';
import { remotePort } from '../../compose/remote-port.ts';
import { createStopSteps } from '../../observability/stop-steps.ts';
import { openDatabase } from '../../postgres/database.ts';
import { silentLogger } from '../../service/ports/logger.ts';
import { noMetrics } from '../../service/ports/metrics.ts';

/** The controller of `allot start`, in a thread of `compose/controller-thread.ts`. */
const { databaseUrl: url, ...options } = workerData as ControllerThreadData;
const tell = (message: FromController): void => parentPort?.postMessage(message);
const logger = remotePort(silentLogger, (call) => tell({ kind: 'call', port: 'logger', call }));
const metrics = remotePort(noMetrics, (call) => tell({ kind: 'call', port: 'metrics', call }));

/** Less than the other side waits. */
const MOST_STOP_MS = 5_000;
const steps = createStopSteps({ logger, totalMs: MOST_STOP_MS, leastMs: 500 });
const stopping = new AbortController();

async function begin(): Promise<void> {
  const database = await openDatabase({ url, applicationName: 'allot-controller' });
  steps.onStop('database', () => database.close());
  const { signal } = stopping;
  const controller = await startWholeController({ ...options, database, logger, metrics, signal });
  steps.onStop('controller', () => controller.stop());
  tell({ kind: 'running' });
}

async function stop(): Promise<void> {
  stopping.abort();
  await steps.run();
  // Nothing else keeps the thread.
  parentPort?.close();
}

parentPort?.on('message', ({ kind }: ToController) => {
  if (kind === 'stop') return void stop();
  begin().catch((error: unknown) => {
    // Unhandled on purpose: the thread ends with it and is started again.
    if (!stopping.signal.aborted) throw error;
  });
});
