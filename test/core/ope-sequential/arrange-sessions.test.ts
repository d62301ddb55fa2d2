import { describe, expect, it } from 'vitest';
import { arrangeSessions } from '../../../src/core/ope/sequential/arrange-sessions.ts';
import { columns, rows } from './fixture.ts';

const four = {
  rounds: 4,
  actions: Int32Array.from([0, 1, 0, 1]),
  propensities: new Float64Array(4).fill(0.5),
  responses: new Map([['reward', Float64Array.from([1, 2, 3, 4])]]),
  units: new Int32Array(4),
  unitCount: 1,
};

describe('rows become sessions', () => {
  it('in order of appearance, their rows by step, wherever they stand in the file', () => {
    const { log, order } = arrangeSessions(four, {
      sessions: ['b', 'a', 'b', 'a'],
      steps: [2, 1, 1, 2],
      discount: 1,
    });
    expect([...order]).toEqual([2, 0, 1, 3]);
    expect([...log.starts]).toEqual([0, 2, 4]);
    expect([...(log.responses.get('reward') ?? [])]).toEqual([3, 1, 2, 4]);
    // Without units a session is its own.
    expect([...log.units]).toEqual([0, 0, 1, 1]);
    expect(log.unitCount).toBe(2);
  });

  it('times order them too, and need not be evenly spaced', () => {
    const { order } = arrangeSessions(four, {
      sessions: [1, 1, 2, 2],
      steps: [170, 20, 33.5, 99],
      discount: 1,
    });
    expect([...order]).toEqual([1, 0, 2, 3]);
  });

  it('a session without a terminal last row is cut off', () => {
    const base = { sessions: [1, 1, 2, 2], steps: [0, 1, 0, 1], discount: 1 };
    expect([...(arrangeSessions(four, { ...base, terminals: [0, 1, 0, 0] }).log.isCutOff ?? [])]).toEqual([
      0, 1,
    ]);
    expect(arrangeSessions(four, base).log.isCutOff).toBeUndefined();
  });

  it.each([
    ['a step that is missing', [0, 1, NaN, 0], 'row 2: the step must be a number'],
    ['a step that stands twice', [0, 0, 0, 1], 'row 1: a session has every step once'],
    ['a gap in numbered steps', [0, 2, 0, 1], 'row 1: the step after 0 must be 1'],
  ])('%s is refused', (_, steps, message) => {
    expect(() => arrangeSessions(four, { sessions: [1, 1, 2, 2], steps, discount: 1 })).toThrow(message);
  });

  it('a session of two units is refused', () => {
    const units = { indices: Int32Array.from([0, 1, 1, 1]), count: 2 };
    const shape = { sessions: [1, 1, 2, 2], steps: [0, 1, 0, 1], discount: 1, units };
    expect(() => arrangeSessions(four, shape)).toThrow('row 1: a session belongs to one unit');
  });

  it('a shuffled file has as many sessions as it names', () => {
    const { log } = arrangeSessions(rows, columns);
    expect(log.sessionCount).toBe(16);
    expect(log.starts[16]).toBe(rows.rounds);
  });
});
