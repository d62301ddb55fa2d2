import { describe, expect, it } from 'vitest';
import { drawUniform } from '../../../src/core/policy/draw.ts';
import { drawAction } from '../../../src/core/policy/serve.ts';
import { experimentBucket } from '../../../src/core/experiment/assign.ts';
import { fromHex, golden } from '../support.ts';

interface Golden {
  drawKey: string;
  draws: { tenant: string; surface: string; unitId: string; requestId: string; slot: number; draw: number }[];
  picks: { probabilities: number[]; draw: number; action: number }[];
}

const vectors = golden<Golden>('draw');
const key = fromHex(vectors.drawKey);

describe('the draw', () => {
  it('gives the golden numbers, all different', () => {
    for (const v of vectors.draws) expect(drawUniform(key, v)).toBe(v.draw);
    expect(new Set(vectors.draws.map((v) => v.draw)).size).toBe(vectors.draws.length);
  });

  it('picks the golden actions by inverse CDF', () => {
    for (const { probabilities, draw, action } of vectors.picks) {
      expect(drawAction(probabilities, draw)).toBe(action);
    }
  });

  it('never picks an action without mass, even when rounding leaves the draw above the sum', () => {
    expect(drawAction([0.1, 0.2, 0], 0.9999)).toBe(1);
    expect(drawAction([0, 0, 1e-300], 1 - 2 ** -53)).toBe(2);
    expect(() => drawAction([0, 0], 0.5)).toThrow(/mass/);
  });

  it('is independent of assignment under the same secret', () => {
    let both = 0;
    const n = 4000;
    for (let i = 0; i < n; i++) {
      const u = drawUniform(key, { tenant: 't', surface: 's', unitId: `u${i}`, requestId: 'r', slot: 0 });
      if (u < 0.5 && experimentBucket(key, { layer: 't', salt: 's' }, `u${i}`) < 5000) both += 1;
    }
    expect(Math.abs(both - n / 4)).toBeLessThan(5 * Math.sqrt((n * 3) / 16));
  });
});
