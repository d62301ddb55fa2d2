import { expect, it } from 'vitest';
import { startPeriodic } from '../../src/controller/periodic.ts';

const NEVER_MS = 3_600_000;

it('comes at once when asked, and once more right after when asked while it runs', async () => {
  let rounds = 0;
  const ends: (() => void)[] = [];
  const work = (): Promise<void> => {
    rounds += 1;
    return new Promise((resolve) => ends.push(resolve));
  };
  const periodic = startPeriodic(NEVER_MS, work, () => undefined);
  expect(rounds).toBe(0);
  periodic.now();
  expect(rounds).toBe(1);
  periodic.now();
  periodic.now();
  expect(rounds).toBe(1);
  ends.shift()?.();
  await expect.poll(() => rounds).toBe(2);
  const stopped = periodic.stop();
  ends.shift()?.();
  await stopped;
  periodic.now();
  expect(rounds).toBe(2);
});
