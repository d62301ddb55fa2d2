import { describe, expect, it } from 'vitest';
import { IdleClock, Standstill, type Waiting } from '../../src/kafka/standstill.ts';

const at = (committed: number, partition = 0): Waiting => ({
  topic: 't',
  partition,
  committed: BigInt(committed),
  high: 100n,
});

describe('a standstill', () => {
  it('is none while the offset moves, however slowly the member works', () => {
    const standstill = new Standstill(1_000);
    for (let n = 0; n < 10; n += 1) expect(standstill.look([at(n)], n * 900).kind).toBe('moving');
  });

  it('is none without records that wait', () => {
    const standstill = new Standstill(1_000);
    standstill.look([at(5)], 0);
    standstill.look([], 900);
    expect(standstill.look([at(5)], 1_800).kind).toBe('moving');
  });

  it('is a restart at first, and a gap when the same offset stands again', () => {
    const standstill = new Standstill(1_000);
    standstill.look([at(5)], 0);
    expect(standstill.look([at(5)], 1_000)).toEqual({ kind: 'restart', stuck: [at(5)] });
    standstill.reset();
    expect(standstill.look([at(5)], 1_100).kind).toBe('moving');
    expect(standstill.look([at(5)], 2_100)).toEqual({ kind: 'gap', stuck: [at(5)] });
  });

  it('is a restart again at another offset', () => {
    const standstill = new Standstill(1_000);
    standstill.look([at(5)], 0);
    standstill.look([at(5)], 1_000);
    standstill.look([at(6)], 1_100);
    expect(standstill.look([at(6)], 2_100).kind).toBe('restart');
  });

  it('is seen on one partition while another moves', () => {
    const standstill = new Standstill(1_000);
    standstill.look([at(5, 0), at(5, 1)], 0);
    expect(standstill.look([at(9, 0), at(5, 1)], 1_000)).toEqual({ kind: 'restart', stuck: [at(5, 1)] });
  });

  it('stays known while another member has the partition, so that two never pass it on for ever', () => {
    const standstill = new Standstill(1_000);
    standstill.look([at(5)], 0);
    standstill.look([at(5)], 1_000);
    standstill.look([], 5_000);
    standstill.look([at(5)], 6_000);
    expect(standstill.look([at(5)], 7_000).kind).toBe('gap');
  });

  it('counts only the time in which nothing is in hand', () => {
    const clock = new IdleClock(0);
    clock.begin(100);
    clock.begin(200);
    clock.end(5_000);
    expect(clock.idleMs(6_000)).toBe(100);
    clock.end(10_000);
    expect(clock.idleMs(10_050)).toBe(150);
  });
});
