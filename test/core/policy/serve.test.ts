import { describe, expect, it } from 'vitest';
import { serveProbabilities } from '../../../src/core/policy/serve.ts';
import type { Surface } from '../../../src/core/surface/surface.ts';
import { liveFeed } from '../support.ts';

const bare: Surface = { ...liveFeed, caps: [], pacing: null, explorationFloor: 0 };
const values = { hour: 12, activeDays: 5 };

function serve(
  surface: Surface,
  q: number[],
  given: { eligible?: boolean[]; hour?: number; count?: number; factor?: number } = {},
) {
  const out = new Float64Array(q.length).fill(NaN);
  const served = serveProbabilities(
    {
      surface,
      policyProbabilities: Float64Array.from(q),
      eligible: given.eligible ?? q.map(() => true),
      values: { ...values, hour: given.hour ?? 12 },
      unitCounts: () => given.count ?? 0,
      pacingFactor: given.factor ?? 1,
    },
    out,
  );
  return { p: [...out], ...served };
}

const close = (p: number[], expected: number[]): void => {
  expect(p).toHaveLength(expected.length);
  expected.forEach((e, a) =>
    expect(Math.abs(p[a] - e), `action ${a} of ${p.join(', ')}`).toBeLessThan(1e-15),
  );
};

describe('serving probabilities', () => {
  it('changes nothing and records nothing where nothing applies', () => {
    expect(serve(bare, [0.5, 0.25, 0.25])).toEqual({
      p: [0.5, 0.25, 0.25],
      adjustments: [],
      isForced: false,
    });
  });

  it('renormalises over what is eligible, the null action included whatever the caller says', () => {
    const { p, adjustments } = serve(bare, [0.5, 0.25, 0.25], { eligible: [false, true, false] });
    close(p, [2 / 3, 1 / 3, 0]);
    expect(adjustments).toEqual([{ kind: 'eligibility', nullBefore: 0.5, nullAfter: 2 / 3 }]);
  });

  it('serves the null action when the policy wants nothing that is eligible', () => {
    const { p, adjustments, isForced } = serve(bare, [0, 1, 0], { eligible: [true, false, true] });
    expect(p).toEqual([1, 0, 0]);
    expect(adjustments).toEqual([{ kind: 'eligibility', nullBefore: 0, nullAfter: 1 }]);
    expect(isForced).toBe(false);
  });

  it('is forced when only the null action is feasible, and then has no floor', () => {
    const floored = { ...bare, explorationFloor: 0.3 };
    const { p, isForced, adjustments } = serve(floored, [0.2, 0.4, 0.4], { eligible: [true, false, false] });
    expect({ p, isForced }).toEqual({ p: [1, 0, 0], isForced: true });
    expect(adjustments.map((a) => a.kind)).toEqual(['eligibility']);
  });

  it('moves the mass of a capped action to the null action, from features and from counters', () => {
    const capped = { ...bare, caps: liveFeed.caps };
    const night = serve(capped, [0.5, 0.25, 0.25], { hour: 23 });
    expect(night.p).toEqual([0.75, 0, 0.25]);
    expect(night.adjustments).toEqual([{ kind: 'cap', name: 'night', nullBefore: 0.5, nullAfter: 0.75 }]);
    expect(serve(capped, [0.5, 0.25, 0.25], { hour: 22, count: 1 }).p).toEqual([0.5, 0.25, 0.25]);
    const both = serve(capped, [0.5, 0.25, 0.25], { hour: 23, count: 2 });
    expect(both).toMatchObject({ p: [1, 0, 0], isForced: true });
    expect(both.adjustments.map((a) => a.name)).toEqual(['night', 'rare']);
  });

  it('records a cap that removed an action without mass, for a later policy might want it', () => {
    const capped = { ...bare, caps: liveFeed.caps };
    expect(serve(capped, [1, 0, 0], { hour: 23 }).adjustments).toEqual([
      { kind: 'cap', name: 'night', nullBefore: 1, nullAfter: 1 },
    ]);
    expect(serve(capped, [1, 0, 0], { hour: 23, eligible: [true, false, true] }).adjustments).toEqual([]);
  });

  it('obeys caps from below, and a cap that cannot be checked holds', () => {
    const day = { kind: 'feature-at-least', feature: 'hour', limit: 8 } as const;
    const capped: Surface = { ...bare, caps: [{ name: 'day', action: 'insert', rule: day }] };
    expect(serve(capped, [0.5, 0.25, 0.25], { hour: 7 }).p).toEqual([0.75, 0, 0.25]);
    expect(serve(capped, [0.5, 0.25, 0.25], { hour: 8 }).p).toEqual([0.5, 0.25, 0.25]);
    const blind: Surface = {
      ...bare,
      caps: [{ name: 'day', action: 'insert', rule: { ...day, feature: 'gone' } }],
    };
    expect(serve(blind, [0.5, 0.25, 0.25]).p).toEqual([0.75, 0, 0.25]);
  });

  it('paces allocating actions by the factor, the rest to the null action', () => {
    const paced = { ...bare, pacing: liveFeed.pacing };
    const { p, adjustments } = serve(paced, [0.2, 0.4, 0.4], { factor: 0.5 });
    close(p, [0.6, 0.2, 0.2]);
    expect(adjustments).toEqual([{ kind: 'pacing', factor: 0.5, nullBefore: 0.2, nullAfter: p[0] }]);
    expect(serve(paced, [1, 0, 0], { factor: 0.5 }).adjustments).toEqual([]);
    expect(serve(paced, [0.2, 0.4, 0.4], { factor: 0 }).p).toEqual([1, 0, 0]);
  });

  it('puts the floor last: eligibility, caps, pacing, floor, each with its before and after', () => {
    const { p, adjustments } = serve(
      { ...liveFeed, actions: [...liveFeed.actions, 'fourth'], explorationFloor: 0.3 },
      [0.1, 0.3, 0.4, 0.2],
      { eligible: [true, true, true, false], hour: 23, factor: 0.5 },
    );
    // q = (1/8, 3/8, 4/8) → cap on insert (4/8, 0, 4/8) → pacing (6/8, 0, 2/8) → floor .7 q + .15
    close(p, [0.675, 0, 0.325, 0]);
    expect(adjustments.map((a) => a.kind)).toEqual(['eligibility', 'cap', 'pacing', 'exploration-floor']);
    for (let i = 1; i < adjustments.length; i++) {
      expect(adjustments[i].nullBefore).toBe(adjustments[i - 1].nullAfter);
    }
    expect(adjustments[3].factor).toBe(0.3);
  });

  it('serves a surface without a null action by eligibility and floor, and refuses an empty choice', () => {
    const surface: Surface = { ...bare, nullAction: null, explorationFloor: 0.2 };
    const { p, adjustments } = serve(surface, [0.5, 0.25, 0.25], { eligible: [false, true, true] });
    expect(p).toEqual([0, 0.5, 0.5]);
    expect(adjustments).toEqual([{ kind: 'eligibility', nullBefore: 0, nullAfter: 0 }]);
    close(serve(surface, [1, 0, 0], { eligible: [false, true, true] }).p, [0, 0.5, 0.5]);
    expect(serve(surface, [1, 0, 0], { eligible: [false, false, true] })).toMatchObject({
      p: [0, 0, 1],
      isForced: true,
    });
    expect(() => serve(surface, [1, 0, 0], { eligible: [false, false, false] })).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
  });

  it('refuses to serve what is no distribution', () => {
    expect(() => serve(bare, [0.5, 0.2, 0.2])).toThrow(/sum to 1/);
    expect(() => serve(bare, [NaN, 0.5, 0.5])).toThrow(/sum to 1/);
    expect(() => serve(bare, [0.5, 0.5])).toThrow(/per action/);
    expect(() => serve(bare, [0.5, 0.25, 0.25], { factor: NaN })).toThrow(/pacing factor/);
  });
});
