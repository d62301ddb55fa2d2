import { describe, expect, it } from 'vitest';
import { divergenceConfig } from '../../offline/learning/config.ts';
import {
  isDrifted,
  refuseDrift,
  TrainingDiverged,
  watchDrift,
  watchEntropy,
  watchStep,
} from '../../offline/learning/run/divergence.ts';
import type { CurvePoint } from '../../offline/learning/run/learner.ts';

const usual = divergenceConfig.parse({});
const at = { phase: 'phase', step: 40 };

function diagnosisOf(act: () => void): TrainingDiverged['diagnosis'] | null {
  try {
    act();
    return null;
  } catch (error) {
    if (!(error instanceof TrainingDiverged)) throw error;
    return error.diagnosis;
  }
}

const curveOf = (name: string, values: readonly number[]): CurvePoint[] =>
  values.map((value, i) => ({ phase: 'phase', step: 20 * (i + 1), metrics: { [name]: value } }));

describe('after every step', () => {
  it.each([NaN, Infinity, -Infinity])('a loss of %d stops it', (actorLoss) => {
    expect(diagnosisOf(() => watchStep(at, { actorLoss }, usual))).toMatchObject({
      ...at,
      kind: 'not-finite',
    });
  });

  it('action values may fill their bound but not leave it, unless nobody looks', () => {
    const q = (meanAbsQ: number) => ({ meanAbsQ, qBound: 10 });
    expect(diagnosisOf(() => watchStep(at, q(10), usual))).toBeNull();
    expect(diagnosisOf(() => watchStep(at, q(10.1), usual))).toMatchObject({
      kind: 'action-values',
      limit: 10,
    });
    expect(diagnosisOf(() => watchStep(at, q(19), { ...usual, maxQRatio: 2 }))).toBeNull();
    expect(diagnosisOf(() => watchStep(at, q(1e9), { ...usual, maxQRatio: null }))).toBeNull();
  });
});

describe('an allocating share', () => {
  const rare = { share: 0.1, entropy: 0.4 };

  it('drifts beyond three times the behaviour’s; allocating less is no drift', () => {
    expect([0.29, 0.31].map((share) => isDrifted(share, rare, usual))).toEqual([false, true]);
    expect(isDrifted(0, { share: 0.8, entropy: 0.6 }, usual)).toBe(false);
  });

  it('does not drift by a small difference, whatever the ratio', () => {
    expect(isDrifted(0.06, { share: 0.01, entropy: 0.1 }, usual)).toBe(false);
    expect(isDrifted(0.06, { share: 0.01, entropy: 0.1 }, { ...usual, minRateDifference: 0.02 })).toBe(true);
  });

  it('cannot drift from a behaviour that explores: leaving that is learning', () => {
    for (const share of [0, 0.01, 0.99, 1])
      expect(isDrifted(share, { share: 0.5, entropy: 1 }, usual)).toBe(false);
    expect(isDrifted(0.99, { share: 0.3, entropy: 1 }, { ...usual, maxBehaviorEntropy: 1 })).toBe(true);
  });

  it('is not judged where there is nothing to compare with, or nobody looks', () => {
    expect(isDrifted(undefined, rare, usual)).toBe(false);
    expect(isDrifted(0.9, { share: NaN, entropy: 0.1 }, usual)).toBe(false);
    expect(isDrifted(0.9, rare, { ...usual, maxRateRatio: null })).toBe(false);
  });

  const population = { group: 'low', rows: new Int32Array(0), ...rare };
  const name = 'allocatingShare:low';

  it('that was near and left for three points stops training, naming the group', () => {
    const left = curveOf(name, [0.5, 0.2, 0.4, 0.5, 0.6]);
    expect(diagnosisOf(() => watchDrift(left, [population], usual))).toMatchObject({
      ...{ kind: 'action-rate', step: 100, measured: 0.6 },
      what: expect.stringMatching(/60 % of the states in group low, the behaviour in 10 %/) as string,
    });
    expect(diagnosisOf(() => watchDrift(left.slice(0, 4), [population], usual))).toBeNull();
  });

  it('that is still on its way from even odds is left alone, and judged when it is finished', () => {
    expect(
      diagnosisOf(() => watchDrift(curveOf(name, [0.5, 0.5, 0.45, 0.4]), [population], usual)),
    ).toBeNull();
    expect(diagnosisOf(() => refuseDrift({ [name]: 0.4 }, [population], usual))).toMatchObject({
      kind: 'action-rate',
    });
    expect(diagnosisOf(() => refuseDrift({ [name]: 0.2 }, [population], usual))).toBeNull();
  });
});

describe('entropy', () => {
  it('that is gone for three points stops training', () => {
    const gone = curveOf('normalisedEntropy', [0.9, 1e-4, 1e-5, 1e-6]);
    expect(diagnosisOf(() => watchEntropy(gone, usual))).toMatchObject({ kind: 'entropy-collapse' });
    expect(diagnosisOf(() => watchEntropy(gone.slice(0, 3), usual))).toBeNull();
    expect(diagnosisOf(() => watchEntropy(gone, { ...usual, minEntropy: null }))).toBeNull();
  });

  it('that nobody measured stops nothing', () => {
    expect(diagnosisOf(() => watchEntropy(curveOf('loss', [1, 1, 1]), usual))).toBeNull();
  });
});

it('a diagnosis crosses to other processes as the violation of its error', () => {
  const error = new TrainingDiverged({
    ...{ phase: 'p', step: 1, kind: 'entropy-collapse', measured: 0.1, limit: 0.2 },
    ...{ what: 'it is gone', suggestion: 'less' },
  });
  expect(error).toMatchObject({
    code: 'training_diverged',
    message: 'p, step 1: it is gone. Try: less',
    violations: [{ field: 'divergence.entropy-collapse', rule: 'it is gone', value: 0.1 }],
  });
});
