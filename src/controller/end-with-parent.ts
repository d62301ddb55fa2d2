const LOOK_MS = 250;

/**
 * Flags of `node` for a child that ends itself with SIGKILL when this process is gone, before its own first line: while it loads
 * modules it would otherwise miss a death. It looks from a thread of its own, as a training may compute for minutes without a turn
 * of the event loop. On Windows a parent's death does not show: no effect there.
 */
export function endWithParentFlags(): readonly string[] {
  const look = `setInterval(() => process.ppid === ${String(process.pid)} || process.kill(process.pid, 'SIGKILL'), ${String(LOOK_MS)})`;
  // `execArgv`: the thread must not begin with these flags, or it would begin another.
  const watch = `import { Worker } from 'node:worker_threads'; new Worker(${JSON.stringify(look)}, { eval: true, execArgv: [] }).unref();`;
  return ['--import', `data:text/javascript,${encodeURIComponent(watch)}`];
}
