import { describe, expect, it } from 'vitest';
import { PacingControllers } from '../../../src/service/serving/pacing-controllers.ts';
import type { ServedSurface } from '../../../src/service/serving/served-surface.ts';

const spec = { targetShare: 0.1, proportionalGain: 0.5, integralGain: 0.02 };
const assignment = { experiment: 'exp_1', variant: 'treatment', policyVersion: 'p', block: 0, bucket: 7 };

/** With an experiment on the buckets below `toBucket`. */
function surfaceAt(toBucket: number, pacing = spec): ServedSurface {
  const blocks = [{ block: 0, fromBucket: 0, toBucket, openedAt: 0 }];
  const experiment = { id: 'exp_1', blocks, variants: ['control', 'treatment'] };
  const served = { tenant: 't', surface: { name: 's', pacing }, experiments: [experiment] };
  return served as unknown as ServedSurface;
}

describe('the pacing of a variant', () => {
  it('goes on with its factor when the experiment gets more of the traffic', () => {
    const controllers = new PacingControllers();
    const factorAt = (toBucket: number) => controllers.of(surfaceAt(toBucket), assignment)?.factor();
    for (let i = 0; i < 2000; i += 1) controllers.of(surfaceAt(100), assignment)?.observe(0.9);
    const settled = factorAt(100);
    expect(settled).toBeLessThan(0.5);
    expect([factorAt(500), factorAt(10_000)]).toEqual([settled, settled]);
  });

  it('begins anew when the surface declares another pacing', () => {
    const controllers = new PacingControllers();
    for (let i = 0; i < 2000; i += 1) controllers.of(surfaceAt(100), assignment)?.observe(0.9);
    const other = surfaceAt(100, { ...spec, targetShare: 0.2 });
    expect(controllers.of(other, assignment)?.factor()).toBe(1);
  });

  it('is its own: other variants and those outside of the experiment are not slowed by it', () => {
    const controllers = new PacingControllers();
    for (let i = 0; i < 2000; i += 1) controllers.of(surfaceAt(100), assignment)?.observe(0.9);
    expect(controllers.of(surfaceAt(100), { ...assignment, variant: 'control' })?.factor()).toBe(1);
    expect(controllers.of(surfaceAt(100), null)?.factor()).toBe(1);
  });
});
