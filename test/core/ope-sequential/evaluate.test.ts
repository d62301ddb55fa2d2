import { describe, expect, it } from 'vitest';
import { evaluateSequentialLog } from '../../../src/core/ope/sequential/evaluate-sequential-log.ts';
import { isRefusal, type Estimate, type EstimateRefusal } from '../../../src/core/ope/report.ts';
import type { SequentialLog } from '../../../src/core/ope/sequential/sequential-log.ts';
import { createRandom } from '../../../src/core/math/random.ts';
import { quarters, quick, simulatedLog, type SessionWorld } from './world.ts';

const world = simulatedLog(quarters, 0.9, 2000, 5);

const byId = (estimates: readonly (Estimate | EstimateRefusal)[]) =>
  new Map(estimates.map((e) => [e.estimator, e]));

const codeOf = (e: Estimate | EstimateRefusal | undefined): string | null =>
  e !== undefined && isRefusal(e) ? e.refusal.code : null;

/** Sessions of 40 steps under fair coins, valued for a coin of 0.9. */
function longSessions(sessions = 300, steps = 40): Pick<SessionWorld, 'log' | 'policy'> {
  const random = createRandom(9);
  const rounds = sessions * steps;
  const actions = Int32Array.from({ length: rounds }, () => random.integer(2));
  return {
    log: {
      rounds,
      actions,
      propensities: new Float64Array(rounds).fill(0.5),
      responses: new Map([['reward', Float64Array.from(actions)]]),
      units: Int32Array.from({ length: rounds }, (_, i) => Math.floor(i / steps)),
      unitCount: sessions,
      sessionCount: sessions,
      starts: Int32Array.from({ length: sessions + 1 }, (_, j) => j * steps),
      discount: 1,
      states: { indices: new Int32Array(rounds), count: 1 },
    },
    policy: {
      kind: 'distribution',
      actionCount: 2,
      probabilities: Float64Array.from({ length: 2 * rounds }, (_, i) => (i % 2 === 0 ? 0.1 : 0.9)),
    },
  };
}

describe('what may be answered', () => {
  it('without tables and states, the estimators that need them are not among the usual ones', () => {
    const { states: _, ...log } = world.log;
    const { estimates } = evaluateSequentialLog(log, world.policy, quick);
    expect(estimates.map(({ estimator }) => estimator)).toEqual([
      'tis',
      'pdis',
      'sntis',
      'snpdis',
      'ncis-step',
      'ncis-per-decision',
      'ncis-trajectory',
    ]);
  });

  it('asked for all the same, each is refused with what it needs', () => {
    const { states: _, ...log } = world.log;
    const estimators = ['wdr', 'fqe', 'dice', 'marginalised-is'] as const;
    const found = byId(evaluateSequentialLog(log, world.policy, { ...quick, estimators }).estimates);
    expect(estimators.map((id) => codeOf(found.get(id)))).toEqual([
      'action_values_missing',
      'action_values_missing',
      'states_missing',
      'states_missing',
    ]);
  });

  it('with π of the logged action only, what needs V = Σ π Q or π of next states is refused', () => {
    const probabilities = Float64Array.from(
      world.log.actions,
      (a, i) => world.policy.probabilities[2 * i + a],
    );
    const policy = { kind: 'logged-action', probabilities } as const;
    const valueTables = new Map([['reward', { actionValues: world.exact }]]);
    const found = byId(evaluateSequentialLog(world.log, policy, { ...quick, valueTables }).estimates);
    for (const id of ['sequential-dr', 'wdr', 'magic', 'fqe', 'dice'] as const) {
      expect(codeOf(found.get(id))).toBe('distribution_needed');
    }
    expect(codeOf(found.get('pdis'))).toBeNull();
    expect(codeOf(found.get('marginalised-is'))).toBeNull();
  });

  it.each([
    [
      'a propensity of 0',
      'propensity_invalid',
      { propensities: world.log.propensities.map((p, i) => (i === 7 ? 0 : p)) },
    ],
    ['forced rows only', 'nothing_randomised', { isForced: new Uint8Array(world.log.rounds).fill(1) }],
    [
      'propensities of another policy',
      'mean_weight_wrong',
      { propensities: world.log.propensities.map((p) => 1 - p) },
    ],
  ] satisfies [string, string, Partial<SequentialLog>][])('%s refuses everything (%s)', (_, code, change) => {
    const report = evaluateSequentialLog({ ...world.log, ...change }, world.policy, quick);
    expect(new Set(report.estimates.map(codeOf))).toEqual(new Set([code]));
    expect(report.health.clipSweep).toEqual([]);
  });

  it('a response that is NaN on one row is refused, and no other response', () => {
    const reward = world.log.responses.get('reward') ?? new Float64Array();
    const responses = new Map([
      ['broken', reward.map((r, i) => (i === 3 ? NaN : r))],
      ['reward', reward],
    ]);
    const { estimates } = evaluateSequentialLog({ ...world.log, responses }, world.policy, quick);
    for (const e of estimates) expect(codeOf(e)).toBe(e.response === 'broken' ? 'response_invalid' : null);
  });
});

describe('long sessions', () => {
  const { log, policy } = longSessions();
  const report = evaluateSequentialLog(log, policy, quick);
  const found = byId(report.estimates);

  it('refuse whatever multiplies weights over a session', () => {
    for (const id of ['tis', 'pdis', 'sntis', 'snpdis'] as const) {
      const e = found.get(id);
      if (e === undefined || !isRefusal(e)) throw new Error(`${id} was answered`);
      expect(e.refusal.reason).toContain('weights of whole sessions');
    }
    expect(report.health.clipSweep).toEqual([]);
    expect(report.health.effectiveSampleSize).toBeLessThan(30);
  });

  it('are still valued by single steps, marginal ratios and DICE, near the truth', () => {
    for (const [id, truth] of [
      ['ncis-step', 0.9],
      ['marginalised-is', 36],
      ['dice', 36],
    ] as const) {
      const e = found.get(id);
      if (e === undefined || isRefusal(e)) throw new Error(`${id} was refused`);
      expect(Math.abs(e.value - truth)).toBeLessThan(4 * e.standardError);
    }
    expect(report.stepHealth.effectiveSampleSize).toBeGreaterThan(100);
  });

  it('of 3,000 steps do not leave the range of numbers unnoticed', () => {
    const sure = longSessions(40, 3000);
    const actions = Int32Array.from(sure.log.actions, (_, i) => Number(i % 3000 > 0));
    const always = { ...sure.log, actions };
    const extreme = evaluateSequentialLog(always, sure.policy, {
      ...quick,
      estimators: ['tis', 'ncis-trajectory'],
      limits: { meanWeightTolerance: 2, minEffectiveSampleSize: 10 },
    });
    const [tis, ncis] = extreme.estimates;
    // 1.8^3000 is no double.
    expect(codeOf(tis)).toBe('effective_sample_too_small');
    expect(codeOf(ncis)).toBeNull();
  });
});

describe('warnings', () => {
  it('sessions that were cut off are counted', () => {
    const isCutOff = Uint8Array.from({ length: world.log.sessionCount }, (_, j) => Number(j % 4 === 0));
    const { estimates } = evaluateSequentialLog({ ...world.log, isCutOff }, world.policy, quick);
    for (const e of estimates) {
      if (isRefusal(e)) throw new Error('refused');
      expect(e.warnings.find(({ code }) => code === 'sessions_cut_off')?.reason).toContain('25.0 %');
    }
  });

  it('clipped estimators, and only those, say that their target moved', () => {
    const { estimates } = evaluateSequentialLog(world.log, world.policy, { ...quick, clip: 2 });
    for (const e of estimates) {
      if (isRefusal(e)) throw new Error('refused');
      const isClipped = e.estimator.startsWith('ncis');
      expect(e.warnings.some(({ code }) => code === 'clipped_target')).toBe(isClipped);
      expect(e.clip).toBe(isClipped ? 2 : undefined);
    }
  });

  it('a wrong Q is accused of disagreeing, not the estimators that use weights', () => {
    const wrong = world.exact.map((q) => q + 3);
    const found = byId(
      evaluateSequentialLog(world.log, world.policy, {
        ...quick,
        resamples: 300,
        estimators: ['pdis', 'wdr', 'fqe'],
        valueTables: new Map([['reward', { actionValues: wrong }]]),
      }).estimates,
    );
    const disagrees = (id: 'pdis' | 'wdr' | 'fqe'): boolean => {
      const e = found.get(id);
      return (
        e !== undefined && !isRefusal(e) && e.warnings.some(({ code }) => code === 'estimators_disagree')
      );
    };
    expect([disagrees('fqe'), disagrees('pdis'), disagrees('wdr')]).toEqual([true, false, false]);
  });
});
