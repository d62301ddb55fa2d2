import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluateLog, type OpeOptions } from '../../../src/core/ope/evaluate-log.ts';
import { isRefusal, type BanditEstimatorId } from '../../../src/core/ope/report.ts';
import { noLimits, quick } from './logs.ts';

interface Fixture {
  readonly behavior: readonly (readonly number[])[];
  readonly evaluation: readonly (readonly number[])[];
  readonly model: readonly (readonly number[])[];
  readonly actions: readonly number[];
  readonly rewards: readonly number[];
  readonly cases: readonly {
    readonly estimator: BanditEstimatorId;
    readonly settings: Partial<OpeOptions>;
    readonly value: number;
  }[];
}
const file = new URL('../../fixtures/ope/estimators.json', import.meta.url);
const fixture = JSON.parse(readFileSync(file, 'utf8')) as Fixture;
const { actions } = fixture;
const wide = (rows: readonly (readonly number[])[]): Float64Array => Float64Array.from(rows.flat());

describe('a log of eight rows whose values are known as fractions', () => {
  const log = {
    rounds: actions.length,
    actions: Int32Array.from(actions),
    propensities: Float64Array.from(actions, (a, i) => fixture.behavior[i][a]),
    responses: new Map([['reward', Float64Array.from(fixture.rewards)]]),
    units: Int32Array.from(actions.keys()),
    unitCount: actions.length,
  };
  const models = new Map([['reward', wide(fixture.model)]]);
  const policy = { kind: 'distribution', actionCount: 3, probabilities: wide(fixture.evaluation) } as const;

  it.each(fixture.cases)('$estimator with $settings is $value', ({ estimator, settings, value }) => {
    const options = { ...quick, limits: noLimits, rewardModels: models, mrdrModels: models, ...settings };
    const [found] = evaluateLog(log, policy, { ...options, estimators: [estimator] }).estimates;
    if (isRefusal(found)) throw new Error(found.refusal.reason);
    expect(Math.abs(found.value - value)).toBeLessThanOrEqual(1e-12 * Math.abs(value));
  });
});
