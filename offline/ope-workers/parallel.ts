import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

/** TypeScript in a clone, JavaScript in an installation: a file beside this one, whichever it is. */
export const sibling = (from: string, name: string): string =>
  new URL(`${name}${from.endsWith('.ts') ? '.ts' : '.js'}`, from).href;

/**
 * A worker on a module. Node 20 gives `--import tsx` to no worker, so a worker on TypeScript registers tsx itself; the few
 * lines that do it are evaluated, because they could not be TypeScript.
 */
export function startWorker(module: string, workerData: unknown): Worker {
  const loader = module.endsWith('.ts')
    ? pathToFileURL(join(dirname(createRequire(import.meta.url).resolve('tsx/esm/api')), 'index.mjs')).href
    : null;
  const code = `
    const start = () => import(${JSON.stringify(module)});
    const loader = ${JSON.stringify(loader)};
    if (loader === null) start();
    else import(loader).then(({ register }) => { register(); return start(); });`;
  return new Worker(code, { eval: true, workerData, execArgv: [] });
}

/**
 * Runs `run(task)` of a module for every task, in several threads.
 *
 * @param module URL of a module that exports `run`: a pure function of its task, so the answers do not depend on the threads
 * @returns the answers in the order of the tasks
 */
export async function runParallel<Task, Answer>(
  module: string,
  tasks: readonly Task[],
  options: { readonly workers: number; readonly onDone?: () => void },
): Promise<Answer[]> {
  const answers = new Array<Answer>(tasks.length);
  const queue = tasks.map((task, index) => ({ task, index }));
  const work = async (): Promise<void> => {
    const worker = startWorker(sibling(import.meta.url, './parallel-child'), { module });
    try {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        answers[next.index] = await ask<Answer>(worker, next.task);
        options.onDone?.();
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.workers, tasks.length) }, work));
  return answers;
}

function ask<Answer>(worker: Worker, task: unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      worker.off('message', answered);
      worker.off('error', failed);
      act();
    };
    const answered = (answer: Answer): void => settle(() => resolve(answer));
    const failed = (error: Error): void => settle(() => reject(error));
    worker.on('message', answered);
    worker.on('error', failed);
    worker.postMessage(task);
  });
}
