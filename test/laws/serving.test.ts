import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chiSquareSurvival } from '../../src/core/math/chi-square.ts';
import { assign } from '../../src/core/experiment/assign.ts';
import { drawWith, surfaceDrawKey } from '../../src/core/policy/draw.ts';
import { drawAction, serveProbabilities, type ServeInput } from '../../src/core/policy/serve.ts';
import type { CapSpec, Surface } from '../../src/core/surface/surface.ts';
import { liveFeed, runningExperiment } from '../core/support.ts';

interface Case {
  readonly masses: number[];
  readonly eligible: boolean[];
  readonly capped: boolean[];
  readonly epsilon: number;
  readonly factor: number;
  readonly hasNull: boolean;
}

/** Includes zero and tiny masses, nothing eligible, everything capped, ε of 0 and 1. */
const anyCase: fc.Arbitrary<Case> = fc.integer({ min: 2, max: 12 }).chain((k) =>
  fc.record({
    masses: fc
      .array(fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1e-30, 1)), {
        minLength: k,
        maxLength: k,
      })
      .filter((m) => m.some((x) => x > 1e-20)),
    eligible: fc.array(fc.boolean(), { minLength: k, maxLength: k }),
    capped: fc.array(fc.boolean(), { minLength: k, maxLength: k }),
    epsilon: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.05, 1)),
    factor: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1)),
    hasNull: fc.boolean(),
  }),
);

const actionsOf = (k: number): string[] => Array.from({ length: k }, (_, a) => `a${a}`);

function run(c: Case, change: Partial<Case> = {}) {
  const { masses, eligible, capped, epsilon, factor, hasNull } = { ...c, ...change };
  const actions = actionsOf(masses.length);
  const caps: CapSpec[] = actions.slice(1).map((action) => ({
    name: `cap-${action}`,
    action,
    rule: { kind: 'unit-window', limit: 1, windowSeconds: 60 },
  }));
  const surface: Surface = {
    ...liveFeed,
    actions,
    nullAction: hasNull ? 'a0' : null,
    caps: hasNull ? caps : [],
    explorationFloor: epsilon,
  };
  const sum = masses.reduce((a, b) => a + b, 0);
  const input: ServeInput = {
    surface,
    policyProbabilities: Float64Array.from(masses, (m) => m / sum),
    eligible: !hasNull && !eligible.includes(true) ? eligible.map(() => true) : eligible,
    values: {},
    unitCounts: (cap) => (capped[actions.indexOf(cap.action)] ? 1 : 0),
    pacingFactor: factor,
  };
  const out = new Float64Array(actions.length);
  const served = serveProbabilities(input, out);
  const feasible = actions.map((_, a) =>
    hasNull ? a === 0 || (input.eligible[a] && !capped[a]) : input.eligible[a],
  );
  return { p: out, feasible, feasibleCount: feasible.filter(Boolean).length, surface, ...served };
}

const options = { seed: 20_240_101, numRuns: 3000 };

describe('the laws of serving', () => {
  it('probabilities are ≥ 0 and sum to 1 within 1e-12, whatever floor, eligibility, caps and pacing do', () => {
    fc.assert(
      fc.property(anyCase, (c) => {
        const { p } = run(c);
        expect(Math.abs(p.reduce((a, b) => a + b, 0) - 1)).toBeLessThanOrEqual(1e-12);
        expect(p.every((x) => x >= 0 && x <= 1)).toBe(true);
      }),
      options,
    );
  });

  it('every feasible action keeps ε / |feasible| and every other is exactly 0', () => {
    fc.assert(
      fc.property(anyCase, (c) => {
        const { p, feasible, feasibleCount } = run(c);
        const least = feasibleCount === 1 ? 1 : c.epsilon / feasibleCount;
        feasible.forEach((isFeasible, a) => {
          if (isFeasible) expect(p[a]).toBeGreaterThanOrEqual(least - 1e-15);
          else expect(p[a]).toBe(0);
        });
      }),
      options,
    );
  });

  it('is forced exactly when one action is feasible', () => {
    fc.assert(
      fc.property(anyCase, (c) => {
        const { isForced, feasibleCount, p } = run(c);
        expect(isForced).toBe(feasibleCount === 1);
        if (isForced) expect([...p].filter((x) => x > 0)).toEqual([1]);
      }),
      options,
    );
  });

  it('a smaller pacing factor never allocates more, to any action', () => {
    fc.assert(
      fc.property(anyCase, fc.double({ min: 0, max: 1, noNaN: true }), (c, scale) => {
        const more = run(c, { hasNull: true }).p;
        const less = run(c, { hasNull: true, factor: c.factor * scale }).p;
        for (let a = 1; a < more.length; a++) expect(less[a]).toBeLessThanOrEqual(more[a] + 1e-15);
        expect(less[0]).toBeGreaterThanOrEqual(more[0] - 1e-14);
      }),
      options,
    );
  });

  it('the record tells the null mass from the policy to the answer without a gap', () => {
    fc.assert(
      fc.property(anyCase, (c) => {
        const { adjustments, p } = run(c, { hasNull: true });
        const sum = c.masses.reduce((a, b) => a + b, 0);
        let mass = c.masses[0] / sum;
        for (const step of adjustments) {
          expect(step.nullBefore).toBe(mass);
          mass = step.nullAfter;
        }
        expect(Math.abs(mass - p[0])).toBeLessThan(1e-12);
      }),
      options,
    );
  });

  it('the draw never picks an action without mass', () => {
    fc.assert(
      fc.property(anyCase, fc.double({ min: 0, max: 1 - 2 ** -53, noNaN: true }), (c, draw) => {
        const { p } = run(c);
        expect(p[drawAction(p, draw)]).toBeGreaterThan(0);
      }),
      options,
    );
  });
});

describe('a million draws', () => {
  it('match the propensities with floor, eligibility, cap and pacing on (chi-square, p > 1e-4)', () => {
    const served = run({
      masses: [0.2, 0.4, 0.1, 0.15, 0.15, 0],
      eligible: [true, true, true, false, true, true],
      capped: [false, false, true, false, false, false],
      epsilon: 0.05,
      factor: 0.6,
      hasNull: true,
    });
    expect(served.adjustments.map((a) => a.kind)).toEqual([
      'eligibility',
      'cap',
      'pacing',
      'exploration-floor',
    ]);
    const n = 1_000_000;
    const key = Uint8Array.from({ length: 16 }, (_, i) => 3 * i + 1);
    const surfaceKey = surfaceDrawKey(key, 'acme', 'live-feed');
    const counts = new Float64Array(served.p.length);
    for (let i = 0; i < n; i++) {
      const input = {
        tenant: 'acme',
        surface: 'live-feed',
        unitId: `u${i % 997}`,
        requestId: `r${i}`,
        slot: 0,
      };
      counts[drawAction(served.p, drawWith(surfaceKey, input))] += 1;
    }
    let statistic = 0;
    served.p.forEach((p, a) => {
      if (p === 0) expect(counts[a]).toBe(0);
      else statistic += (counts[a] - n * p) ** 2 / (n * p);
    });
    expect(chiSquareSurvival(statistic, served.feasibleCount - 1)).toBeGreaterThan(1e-4);
    expect(statistic).toBeGreaterThan(0);
  });

  it('fill buckets evenly, so variants get their share', () => {
    const key = Uint8Array.from({ length: 16 }, (_, i) => i);
    const n = 100_000;
    const bins = new Float64Array(100);
    for (let i = 0; i < n; i++) {
      const bucket = assign(key, [runningExperiment], `unit-${i}`)?.bucket ?? -1;
      bins[Math.floor(bucket / 100)] += 1;
    }
    const expected = n / bins.length;
    const statistic = bins.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chiSquareSurvival(statistic, bins.length - 1)).toBeGreaterThan(1e-4);
  });
});
