import { parentPort, workerData } from 'node:worker_threads';

interface Work {
  readonly module: string;
}

/** A task of `parallel.ts`: the module's `run` answers every message with one of its own. */
const { module } = workerData as Work;
const { run } = (await import(module)) as { run: (task: unknown) => unknown };
parentPort?.on('message', (task: unknown) => parentPort?.postMessage(run(task)));
