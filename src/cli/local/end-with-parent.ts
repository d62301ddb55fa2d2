import { Worker } from 'node:worker_threads';

const LOOK_MS = 250;

/**
 * Ends this process with SIGKILL when the one that started it is gone. Looked at from a thread of its own, as a training
 * may compute for minutes without a turn of the event loop. On Windows a parent's death does not show: no effect there.
 */
export function endWithParent(): void {
  // The parent of now: it may be gone before the thread runs.
  const look = `setInterval(() => process.ppid === ${String(process.ppid)} || process.kill(process.pid, 'SIGKILL'), ${String(LOOK_MS)});`;
  new Worker(look, { eval: true, execArgv: [] }).unref();
}
