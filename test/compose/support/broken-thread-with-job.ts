import { parentPort } from 'node:worker_threads';
import { runCli } from '../../../src/controller/child-job.ts';

/** Begins a job that says one word and is silent for ever, and breaks when it has heard it. */
const silent = `process.stderr.write('here\\n'); await new Promise(() => setInterval(() => {}, 1e6));`;

parentPort?.once('message', () => {
  const environment = {
    PATH: process.env['PATH'] ?? '',
    NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(silent)}`,
  };
  const onLine = (line: string): void => {
    parentPort?.postMessage({ kind: 'call', port: 'logger', call: { method: 'info', args: [{}, line] } });
    throw new TypeError('broken');
  };
  void runCli(['start'], { environment, onLine });
});
