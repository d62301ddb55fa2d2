import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';

/** Stands in for the controller: the first thread of a data directory breaks while it runs, the next one works and counts. */
const { config } = workerData as { readonly config: { readonly dataDir: string } };
const mark = join(config.dataDir, 'has-crashed');

parentPort?.on('message', ({ kind }: { readonly kind: string }) => {
  if (kind === 'stop') return parentPort?.close();
  if (!existsSync(mark)) {
    writeFileSync(mark, '');
    throw new TypeError('broken');
  }
  parentPort?.postMessage({ kind: 'call', port: 'metrics', call: { method: 'isLeader', args: [true] } });
  parentPort?.postMessage({ kind: 'running' });
});
