import { describe, expect, it } from 'vitest';
import type { EvaluationPolicy } from '../../../src/core/ope/bandit-log.ts';
import { pairedDifference } from '../../../src/core/ope/difference.ts';
import { estimatesIn, evaluateLog } from '../../../src/core/ope/evaluate-log.ts';
import { judgeCandidate, type GateInput } from '../../../src/core/ope/gate.ts';
import type { GateLine } from '../../../src/core/ope/gate-verdict.ts';
import { isRefusal, type Estimate } from '../../../src/core/ope/report.ts';
import { createRandom } from '../../../src/core/math/random.ts';
import { quick } from './logs.ts';

const N = 6000;

/** Two actions, nothing and insert, logged half and half; inserting is worth 1 in main and 0.3 in cost. */
function feedLog(n = N) {
  const random = createRandom(21);
  const actions = Int32Array.from({ length: n }, () => (random.uniform() < 0.5 ? 1 : 0));
  const response = (whenInserted: number, otherwise: number) =>
    Float64Array.from(actions, (a) => (random.uniform() < (a === 1 ? whenInserted : otherwise) ? 1 : 0));
  return {
    rounds: n,
    actions,
    propensities: new Float64Array(n).fill(0.5),
    responses: new Map([
      ['watch', response(0.7, 0.3)],
      ['like', response(0.4, 0.4)],
      ['skip', response(0.5, 0.2)],
    ]),
    units: Int32Array.from({ length: n }, (_, i) => i >> 1),
    unitCount: Math.ceil(n / 2),
    behaviorProbabilities: new Float64Array(2 * n).fill(0.5),
  };
}

const inserting = (share: number, n = N): EvaluationPolicy => ({
  kind: 'distribution',
  actionCount: 2,
  probabilities: Float64Array.from({ length: 2 * n }, (_, j) => (j % 2 === 1 ? share : 1 - share)),
});

const range = {
  min: 0,
  max: 1,
  interaction: 'x',
  aggregate: 'any',
  unit: 'events',
  windowSeconds: 1,
  default: 0,
} as const;

function gateInput(changes: Partial<GateInput> = {}): GateInput {
  return {
    surface: {
      actions: ['nothing', 'insert'],
      nullAction: 'nothing',
      responses: [
        { ...range, name: 'watch', role: 'main' },
        { ...range, name: 'like', role: 'auxiliary' },
        { ...range, name: 'skip', role: 'cost' },
      ],
      constraints: [
        { name: 'skips', on: { response: 'skip' }, direction: 'at-most', threshold: 0.48 },
        { name: 'share', on: 'share-of-actions', direction: 'at-most', threshold: 0.8 },
      ],
      gate: {
        estimator: 'ips',
        level: 0.95,
        mainMargin: 0.02,
        auxiliaryMargins: { like: 0.1 },
        minEffectiveUnits: 500,
      },
    },
    log: feedLog(),
    candidate: inserting(0.75),
    champion: 'behavior',
    resamples: 500,
    seed: 3,
    artifactHash: 'a1',
    snapshotHash: 's1',
    ...changes,
  };
}

const withGate = (input: GateInput, gate: Partial<GateInput['surface']['gate']>): GateInput => ({
  ...input,
  surface: { ...input.surface, gate: { ...input.surface.gate, ...gate } },
});
const withConstraint = (constraint: GateInput['surface']['constraints'][number]): GateInput => {
  const input = gateInput();
  return { ...input, surface: { ...input.surface, constraints: [constraint] } };
};
const line = (lines: readonly GateLine[], name: string): GateLine => {
  const found = lines.find((l) => l.name === name);
  if (found === undefined) throw new Error(`no line ${name}`);
  return found;
};

describe('the gate', () => {
  it('promotes a candidate for which every line holds', () => {
    const verdict = judgeCandidate(gateInput());
    expect(verdict.lines.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'health holds',
      'main: watch holds',
      'auxiliary: like holds',
      'constraint: skips holds',
      'constraint: share holds',
    ]);
    expect(verdict).toMatchObject({ verdict: 'promote', artifactHash: 'a1', snapshotHash: 's1' });
  });

  it('refuses a candidate that is proven worse than the champion', () => {
    const verdict = judgeCandidate(gateInput({ candidate: inserting(0.05) }));
    expect(verdict.verdict).toBe('refuse');
    expect(verdict.reasons).toHaveLength(1);
    expect(verdict.reasons[0]).toMatch(
      /^main: watch \(per-decision\): the difference to the champion is at most/,
    );
  });

  it('refuses a candidate whose cost is proven above its threshold', () => {
    const costly = withConstraint({
      name: 'skips',
      on: { response: 'skip' },
      direction: 'at-most',
      threshold: 0.3,
    });
    const verdict = judgeCandidate(costly);
    expect(verdict.verdict).toBe('refuse');
    expect(line(verdict.lines, 'constraint: skips').bound).toBeGreaterThan(0.3);
  });

  it('has insufficient evidence when a cost bound is above its threshold and the estimate below', () => {
    // The true cost is 0.425.
    const tight = withConstraint({
      name: 'skips',
      on: { response: 'skip' },
      direction: 'at-most',
      threshold: 0.43,
    });
    const verdict = judgeCandidate(tight);
    expect(verdict.verdict).toBe('insufficient evidence');
    expect(verdict.reasons[0]).toMatch(/units like these 3000 would decide|lies on the margin/);
  });

  it('says how many units would decide a difference that is too wide', () => {
    const small = gateInput({ log: feedLog(300), candidate: inserting(0.2, 300) });
    const verdict = judgeCandidate(withGate(small, { minEffectiveUnits: 50, mainMargin: 0.14 }));
    expect(verdict.verdict).toBe('insufficient evidence');
    const { reason, state } = line(verdict.lines, 'main: watch');
    expect(state).toBe('undecided');
    expect(reason).toMatch(/about \d+ units like these 150 would decide/);
  });

  it('judges the share of actions from the candidate alone, exactly', () => {
    const over = judgeCandidate(gateInput({ candidate: inserting(0.81) }));
    expect(line(over.lines, 'constraint: share')).toMatchObject({ state: 'violated', threshold: 0.8 });
    expect(over.verdict).toBe('refuse');
    const exact = judgeCandidate(gateInput({ candidate: inserting(0.8) }));
    expect(line(exact.lines, 'constraint: share').state).toBe('holds');
  });

  it('proves nothing in either direction from weak health, and says what would be enough', () => {
    const input = gateInput({ candidate: inserting(0.05) });
    const verdict = judgeCandidate(withGate(input, { minEffectiveUnits: 100_000 }));
    expect(verdict.verdict).toBe('insufficient evidence');
    expect(line(verdict.lines, 'health').reason).toMatch(/about \d+ units of such a log would be enough/);
    expect(line(verdict.lines, 'main: watch').reason).toContain('weak evidence');
  });

  it('has insufficient evidence on an unusable log', () => {
    const log = { ...feedLog(), propensities: new Float64Array(N).fill(NaN) };
    const verdict = judgeCandidate(gateInput({ log }));
    expect(verdict.verdict).toBe('insufficient evidence');
    expect(line(verdict.lines, 'health').reason).toContain('propensity_invalid');
    expect(line(verdict.lines, 'health').bound).toBeNull();
  });

  it('refuses an invalid artifact whatever the evidence', () => {
    const verdict = judgeCandidate(gateInput({ artifactProblems: ['weights hold NaN'] }));
    expect(verdict).toMatchObject({ verdict: 'refuse', reasons: ['artifact: weights hold NaN'] });
  });

  it('does not promote a student that is far from its teacher', () => {
    const studentChecks = [{ name: 'mean total variation', value: 0.2, limit: 0.05 }];
    expect(judgeCandidate(gateInput({ studentChecks })).verdict).toBe('insufficient evidence');
  });

  it('asks more of each candidate when several were tried on one slice', () => {
    const lower = (candidatesOnSlice: number) =>
      line(judgeCandidate(gateInput({ candidatesOnSlice })).lines, 'main: watch').bound ?? NaN;
    expect(lower(20)).toBeLessThan(lower(1));
  });

  it('compares with another champion than the policy that logged', () => {
    const verdict = judgeCandidate(gateInput({ champion: inserting(0.9), candidate: inserting(0.75) }));
    expect(line(verdict.lines, 'main: watch').state).toBe('violated');
  });

  it('under a clip combines conservative bounds: wider than the paired interval, still a promotion', () => {
    const plain = line(judgeCandidate(gateInput()).lines, 'main: watch').bound ?? NaN;
    const clipped = judgeCandidate(gateInput({ clip: 1.4 }));
    const bound = line(clipped.lines, 'main: watch').bound ?? NaN;
    expect(bound).toBeLessThan(plain);
    expect(clipped.verdict).not.toBe('refuse');
  });

  it('has no verdict about values outside their declared range', () => {
    const log = feedLog();
    const skip = (log.responses.get('skip') ?? new Float64Array()).slice();
    skip[0] = 7;
    log.responses.set('skip', skip);
    const verdict = judgeCandidate(gateInput({ log }));
    expect(line(verdict.lines, 'constraint: skips').reason).toContain('outside its declared [0, 1]');
    expect(verdict.verdict).toBe('insufficient evidence');
  });
});

describe('a paired difference', () => {
  const log = feedLog();
  const value = (policy: EvaluationPolicy) =>
    estimatesIn(evaluateLog(log, policy, quick)).find((e) => e.response === 'watch')?.value ?? NaN;
  const first = (results: ReturnType<typeof pairedDifference>): Estimate => {
    const [found] = results;
    if (isRefusal(found)) throw new Error(found.refusal.reason);
    return found;
  };

  it('is the difference of the two values', () => {
    const [a, b] = [inserting(0.8), inserting(0.3)];
    expect(first(pairedDifference(log, a, b, quick)).value).toBeCloseTo(value(a) - value(b), 12);
  });

  it('of a policy with itself is exactly 0, with no error at all', () => {
    const difference = first(pairedDifference(log, inserting(0.8), inserting(0.8), quick));
    expect(difference.value).toBe(0);
    expect(difference.standardError).toBe(0);
    expect(difference.intervals[0]).toMatchObject({ lower: 0, upper: 0 });
  });

  it('to the behavior is 0 for the behavior itself', () => {
    const difference = first(pairedDifference(log, inserting(0.5), 'behavior', quick));
    expect(difference.value).toBeCloseTo(0, 12);
    expect(difference.standardError).toBeCloseTo(0, 12);
  });

  it('is narrower than two separate intervals, because resamples are shared', () => {
    const near = first(pairedDifference(log, inserting(0.55), 'behavior', quick));
    const alone = estimatesIn(evaluateLog(log, inserting(0.55), quick))[0];
    expect(near.standardError).toBeLessThan(0.3 * alone.standardError);
  });

  it('is refused when either side is unusable', () => {
    const broken = inserting(0.5);
    broken.probabilities[0] = NaN;
    expect(pairedDifference(log, inserting(0.5), broken, quick).every(isRefusal)).toBe(true);
    expect(pairedDifference(log, broken, 'behavior', quick).every(isRefusal)).toBe(true);
  });
});
