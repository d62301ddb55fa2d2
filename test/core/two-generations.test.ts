import { describe, expect, it } from 'vitest';
import { TwoGenerations } from '../../src/core/two-generations.ts';

const sizeOf = (key: string, value: string): number => key.length + value.length;

describe('a map of two generations', () => {
  it('holds the last keys up to twice its number of entries', () => {
    const map = new TwoGenerations<string>({ entries: 3 });
    for (let i = 0; i < 100; i += 1) {
      map.set(String(i), 'x');
      expect(map.size).toBeLessThanOrEqual(6);
      for (let j = Math.max(0, i - 2); j <= i; j += 1) expect(map.get(String(j))).toBe('x');
    }
    expect(map.get('90')).toBeUndefined();
  });

  it('holds no more than twice its bytes, and a value that is larger only until two generations have passed', () => {
    const map = new TwoGenerations<string>({ entries: 1000, bytes: 100 }, sizeOf);
    for (let i = 0; i < 500; i += 1) {
      const key = String(i).padStart(4, '0');
      map.set(key, 'x'.repeat(i % 60));
      expect(map.bytes).toBeLessThanOrEqual(200);
      expect(map.get(key)).toBe('x'.repeat(i % 60));
    }
    map.set('huge', 'x'.repeat(10_000));
    map.set('next', 'x');
    expect(map.get('huge')).toHaveLength(10_000);
    map.set('last', 'x'.repeat(95));
    expect([map.get('huge'), map.bytes]).toEqual([undefined, 104]);
  });

  it('counts a key that is set again once', () => {
    const map = new TwoGenerations<string>({ entries: 10, bytes: 1000 }, sizeOf);
    map.set('a', 'x'.repeat(50));
    map.set('a', 'x'.repeat(20));
    expect([map.size, map.bytes]).toEqual([1, 21]);
  });

  it('frees what is older than twice its age, and all of it after a pause', () => {
    const map = new TwoGenerations<string>({ entries: 1000, milliseconds: 10 });
    map.set('a', 'x', 0);
    map.set('b', 'x', 9);
    map.set('c', 'x', 11);
    expect(['a', 'b', 'c'].map((key) => map.get(key))).toEqual(['x', 'x', 'x']);
    map.set('c', 'y', 15);
    map.set('d', 'x', 22);
    expect([map.get('a'), map.get('c'), map.size]).toEqual([undefined, 'y', 2]);
    map.set('e', 'x', 100);
    expect([map.get('d'), map.size]).toEqual([undefined, 1]);
  });
});
