import { sibling, startProcess, startThread } from '../../../src/runtime/start-host.ts';
import { errorOf, type TaskFailure } from './task-failure.ts';

export type ToWorker =
  { readonly kind: 'shared'; readonly shared: unknown } | { readonly kind: 'task'; readonly task: unknown };

export type ToPool =
  | { readonly kind: 'report'; readonly about: unknown }
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'failure'; readonly failure: TaskFailure };

/** One worker that does one task at a time. */
export interface Hand {
  /** Rejects with the task's error, `name` in front, or when the worker ends before it answered. */
  work(task: unknown, name: string, onReport: (about: unknown) => void): Promise<unknown>;
  stop(): Promise<void>;
}

/** Where a worker lives; see `runInWorkers`. */
export type WorkerHost = 'process' | 'thread';

interface Line {
  send(message: ToWorker): void;
  onMessage(listener: (message: ToPool) => void): void;
  onEnd(listener: (reason: string) => void): void;
  stop(): Promise<void>;
}

export function startHand(host: WorkerHost, module: string, shared: unknown): Hand {
  const main = sibling(import.meta.url, './worker/main');
  const line = host === 'thread' ? threadLine(main, module) : processLine(main, module);
  let hear: (message: ToPool) => void = () => undefined;
  let fail: (reason: string) => void = () => undefined;
  let ended: string | undefined;
  line.onMessage((message) => hear(message));
  line.onEnd((reason) => {
    ended ??= reason;
    fail(ended);
  });
  if (shared !== undefined) line.send({ kind: 'shared', shared });
  return {
    work: (task, name, onReport) =>
      new Promise((resolve, reject) => {
        fail = (reason) => reject(new Error(`${name}: ${reason}`));
        hear = (message) => {
          if (message.kind === 'report') onReport(message.about);
          else if (message.kind === 'result') resolve(message.result);
          else reject(errorOf(name, message.failure));
        };
        if (ended === undefined) line.send({ kind: 'task', task });
        else fail(ended);
      }),
    stop: () => line.stop(),
  };
}

function threadLine(main: string, module: string): Line {
  const worker = startThread(main, { module });
  return {
    send: (message) => worker.postMessage(message),
    onMessage: (listener) => worker.on('message', listener),
    onEnd(listener) {
      worker.on('error', (error) => listener(`its thread failed: ${String(error)}`));
      worker.on('exit', (code) => listener(`its thread ended with code ${code}`));
    },
    stop: async () => void (await worker.terminate()),
  };
}

function processLine(main: string, module: string): Line {
  const child = startProcess(main, [module]);
  const closed = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  return {
    // A child that just died is reported by its exit; the write that failed because of it adds nothing.
    send: (message) => void child.send(message, () => undefined),
    onMessage: (listener) => child.on('message', (message) => listener(message as ToPool)),
    onEnd(listener) {
      child.on('error', (error) => listener(`its process failed: ${error.message}`));
      child.on('exit', (code, signal) => listener(`its process ended with ${signal ?? `code ${code}`}`));
    },
    async stop() {
      // Nothing of it is worth keeping, and native code may be deaf to a gentler signal.
      child.kill('SIGKILL');
      await closed;
    },
  };
}
