import type { Estimate, HyperParameter } from '../report.ts';
import type { SequentialEstimator } from './sequential-estimator.ts';
import type { SequentialLog } from './sequential-log.ts';
import type { SessionExamination } from './session-examination.ts';
import type { SequentialSettings } from './session-view.ts';

/** The settings that an estimator used, for its estimate. Flags are 0 or 1. */
export function hyperParametersOf(
  { echoes, weights }: SequentialEstimator,
  log: SequentialLog,
  settings: SequentialSettings,
  examination: SessionExamination,
): Pick<Estimate, 'hyperParameters' | 'clip' | 'clippedFraction'> {
  const { clip, isTwoSided, clipsFactors, marginalRatios, marginalLookback, dice } = settings;
  const found: Record<string, HyperParameter> = {};
  if (echoes.includes('discount')) found['discount'] = log.discount;
  if (echoes.includes('clip')) {
    found['clip'] = clip === Infinity ? 'infinity' : clip;
    if (isTwoSided) found['isTwoSided'] = 1;
    if (clipsFactors && weights !== 'step') found['clipsFactors'] = 1;
  }
  if (echoes.includes('marginal') && marginalRatios !== undefined) found['lookback'] = marginalLookback;
  if (echoes.includes('dice')) {
    Object.assign(found, { alphaQ: dice.alphaQ, alphaZeta: dice.alphaZeta, alphaR: dice.alphaR });
    Object.assign(found, { isNormalised: Number(dice.isNormalised), knowsStep: Number(dice.knowsStep) });
  }
  const isClipped = echoes.includes('clip') && clip !== Infinity;
  const health = weights === 'step' ? examination.stepHealth : examination.health;
  return {
    hyperParameters: found,
    ...(isClipped ? { clip, clippedFraction: health.clippedFraction } : {}),
  };
}
