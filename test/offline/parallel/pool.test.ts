import { describe, expect, it } from 'vitest';
import { runInWorkers } from '../../../offline/learning/parallel/pool.ts';
import type { SquareTask } from './square-task.ts';

const module = new URL('./square-task.ts', import.meta.url);
const tasks = Array.from({ length: 5 }, (_, i): SquareTask => ({
  values: Float64Array.from({ length: i + 1 }, (_, j) => j + i),
  then: 'answer',
}));
const square = (options: Partial<Parameters<typeof runInWorkers<SquareTask, Float64Array>>[0]>) =>
  runInWorkers<SquareTask, Float64Array>({ module, tasks, workers: 2, ...options });

describe('a pool of workers', { timeout: 60_000 }, () => {
  it('gives the same results in the order of the tasks from this thread, from threads and from processes', async () => {
    const expected = tasks.map(({ values }) => values.map((value) => value * value + 7));
    const shared = { offset: 7 };
    expect(await square({ workers: 1, shared })).toEqual(expected);
    expect(await square({ host: 'thread', shared })).toEqual(expected);
    expect(await square({ host: 'process', shared })).toEqual(expected);
  });

  it('says of every task once that it is done, and passes on what it reports', async () => {
    const done: number[] = [];
    const reports: unknown[] = [];
    await square({
      host: 'thread',
      onResult: (result, index) => done.push(result.length - index),
      onReport: (about, index) => reports.push((about as number) - index),
    });
    expect(done).toEqual([1, 1, 1, 1, 1]);
    expect(reports).toEqual([1, 1, 1, 1, 1]);
  });

  it.each(['thread', 'process'] as const)(
    'on host %s stops at the first failure and names the task, its kind of error kept',
    async (host) => {
      const failing = [
        ...tasks.slice(0, 1),
        { ...tasks[1], then: 'refuse' as const },
        { ...tasks[2], then: 'wait' as const },
      ];
      await expect(square({ host, tasks: failing, nameOf: (_, i) => `seed ${i}` })).rejects.toMatchObject({
        code: 'config_invalid',
        message: 'seed 1: no',
        violations: [{ field: 'a', rule: 'b' }],
      });
    },
  );

  it('names the task also when it fails in this thread', async () => {
    const failing = [{ ...tasks[0], then: 'refuse' as const }];
    await expect(square({ tasks: failing, workers: 1 })).rejects.toThrow('task 1 of 1: no');
  });

  it('says which task was being done when a process is killed', async () => {
    const failing = [
      { ...tasks[0], then: 'wait' as const },
      { ...tasks[1], then: 'die' as const },
    ];
    await expect(square({ tasks: failing })).rejects.toThrow('task 2 of 2: its process ended with SIGKILL');
  });

  it('reports a module that cannot be loaded', async () => {
    const missing = new URL('./nothing-here.ts', import.meta.url);
    await expect(square({ module: missing, host: 'thread' })).rejects.toThrow(/task \d of 5: .*nothing-here/);
  });

  it('refuses to work with nobody', async () => {
    await expect(square({ workers: 0 })).rejects.toThrow(RangeError);
  });
});
