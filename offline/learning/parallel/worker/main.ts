import { parentPort, workerData } from 'node:worker_threads';
import type { ToPool, ToWorker } from '../hand.ts';
import type { TaskModule } from '../pool.ts';
import { failureOf } from '../task-failure.ts';

/** What runs in a worker of `pool.ts`, thread or process: answers every task with a result or a failure. */
const isThread = parentPort !== null;
const file = isThread ? (workerData as { module: string }).module : process.argv[2];
const tell = (message: ToPool): void => {
  if (isThread) parentPort?.postMessage(message);
  else process.send?.(message);
};

// The import starts now and is awaited by the first task: messages must not be missed meanwhile.
const loading = import(file) as Promise<TaskModule>;
loading.catch(() => undefined);
let shared: unknown;

async function answer(message: ToWorker): Promise<void> {
  if (message.kind === 'shared') {
    shared = message.shared;
    return;
  }
  try {
    const { task } = await loading;
    const report = (about: unknown): void => tell({ kind: 'report', about });
    tell({ kind: 'result', result: await task(message.task, { shared, report }) });
  } catch (error) {
    tell({ kind: 'failure', failure: failureOf(error) });
  }
}

const take = (message: ToWorker): void => void answer(message);
if (isThread) parentPort?.on('message', take);
else {
  process.on('message', take);
  // Whoever asked is gone, perhaps killed: nobody is left to work for.
  process.on('disconnect', () => process.exit(1));
}
