// A job worker in a process of its own that takes a job, says so, and never finishes it.
import { startJobWorker } from '../../src/postgres/job-queue.ts';

await startJobWorker({
  url: process.argv[2],
  beatMs: 100,
  run: (_, runId) => {
    process.stdout.write(`${runId}\n`);
    return new Promise(() => undefined);
  },
});
