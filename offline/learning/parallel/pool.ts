import { startHand, type WorkerHost } from './hand.ts';
import { errorOf, failureOf } from './task-failure.ts';

/** What a module of tasks exports: a function of its task and of what all tasks share. */
export interface TaskModule<Task = unknown, Result = unknown, Shared = unknown> {
  task(input: Task, context: TaskContext<Shared>): Result | Promise<Result>;
}

export interface TaskContext<Shared = unknown> {
  /** As given to `runInWorkers`; sent to every worker once. */
  readonly shared: Shared;
  /** Tells the caller something while the task runs, for example its progress. */
  readonly report: (about: unknown) => void;
}

export interface PoolOptions<Task, Result> {
  /** Of a `TaskModule`: `new URL('./my-task.ts', import.meta.url)`; in an installation the `.js` beside is taken. */
  readonly module: URL | string;
  readonly tasks: readonly Task[];
  /** At most this many at once; 1: in this thread, one after the other. */
  readonly workers: number;
  /** As results arrive, in whatever order. */
  readonly onResult?: ((result: Result, index: number) => void) | undefined;
  readonly onReport?: ((about: unknown, index: number) => void) | undefined;
  readonly shared?: unknown;
  /**
   * `process` (default): a child process each, so that native code (TensorFlow holds one global engine, whatever the number
   * of threads) and its crashes stay apart. `thread`: for pure functions; starts faster.
   */
  readonly host?: WorkerHost;
  /** How errors call a task. Default: `task 3 of 10`. */
  readonly nameOf?: (task: Task, index: number) => string;
}

/**
 * Runs `task` of a module for every task, several at a time. Tasks and results cross by structured clone: plain data and
 * typed arrays. A task must depend on its input alone, and then the results do too: they come in the order of the tasks,
 * whatever the number of workers. The first failure stops every worker and is thrown with the task's name in front.
 */
export async function runInWorkers<Task, Result>(options: PoolOptions<Task, Result>): Promise<Result[]> {
  const { tasks, workers } = options;
  if (!(Number.isInteger(workers) && workers >= 1)) throw new RangeError('workers is a whole number ≥ 1');
  return workers === 1 || tasks.length <= 1 ? await inThisThread(options) : await inParallel(options);
}

async function inThisThread<Task, Result>(options: PoolOptions<Task, Result>): Promise<Result[]> {
  const { tasks, onResult, onReport, shared } = options;
  const { task } = (await import(moduleOf(options))) as TaskModule<Task, Result>;
  const results: Result[] = [];
  for (const [index, input] of tasks.entries()) {
    try {
      results.push(await task(input, { shared, report: (about) => onReport?.(about, index) }));
    } catch (error) {
      throw errorOf(nameOf(options, index), failureOf(error));
    }
    onResult?.(results[index], index);
  }
  return results;
}

async function inParallel<Task, Result>(options: PoolOptions<Task, Result>): Promise<Result[]> {
  const { tasks, onResult, onReport, host = 'process', shared } = options;
  const results = new Array<Result>(tasks.length);
  let next = 0;
  let isFailed = false;
  const crew = Array.from({ length: Math.min(options.workers, tasks.length) }, () =>
    startHand(host, moduleOf(options), shared),
  );
  const employ = async (hand: (typeof crew)[number]): Promise<void> => {
    while (next < tasks.length && !isFailed) {
      const index = next++;
      const report = (about: unknown): void => onReport?.(about, index);
      results[index] = (await hand.work(tasks[index], nameOf(options, index), report)) as Result;
      onResult?.(results[index], index);
    }
  };
  try {
    await Promise.all(crew.map(employ));
    return results;
  } finally {
    isFailed = true;
    await Promise.all(crew.map((hand) => hand.stop()));
  }
}

const nameOf = <Task, Result>({ nameOf, tasks }: PoolOptions<Task, Result>, index: number): string =>
  nameOf?.(tasks[index], index) ?? `task ${index + 1} of ${tasks.length}`;

function moduleOf({ module }: { readonly module: URL | string }): string {
  const href = typeof module === 'string' ? module : module.href;
  return import.meta.url.endsWith('.ts') ? href : href.replace(/\.ts$/, '.js');
}
