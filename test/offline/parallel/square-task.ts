import { AllotError } from '../../../src/core/errors.ts';
import type { TaskContext } from '../../../offline/learning/parallel/pool.ts';

export interface SquareTask {
  readonly values: Float64Array;
  readonly then: 'answer' | 'refuse' | 'die' | 'wait';
}

/** Squares plus the shared offset; or fails, ends its own process, or takes for ever. */
export async function task(
  { values, then }: SquareTask,
  { shared, report }: TaskContext<{ readonly offset: number } | undefined>,
): Promise<Float64Array> {
  report(values.length);
  if (then === 'refuse')
    throw new AllotError('config_invalid', 'no', { violations: [{ field: 'a', rule: 'b' }] });
  if (then === 'die') process.kill(process.pid, 'SIGKILL');
  if (then === 'wait') await new Promise((resolve) => setTimeout(resolve, 600_000));
  // Later tasks answer first.
  await new Promise((resolve) => setTimeout(resolve, 10 * (5 - values.length)));
  return values.map((value) => value * value + (shared?.offset ?? 0));
}
