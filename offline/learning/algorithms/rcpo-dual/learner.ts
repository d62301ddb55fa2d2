import { parseConfig } from '../../config.ts';
import { DualAscent } from '../../multipliers/dual-ascent.ts';
import type { ConstrainedSetup } from '../../multipliers/train-constrained.ts';
import { trainConstrained } from '../../multipliers/train-constrained.ts';
import type { TrainingData } from '../../data/training-data.ts';
import type { Algorithm } from '../../run/learner.ts';
import { rcpoDualConfig, type RcpoDualConfig } from './config.ts';
import { rcpoDualLoss } from './losses.ts';
import { rcpoDualLayers } from './networks.ts';

/**
 * Reward-constrained policy optimisation with a learned multiplier (Tessler et al. 2018, arXiv 1805.11074), offline:
 * the actor follows (A_r − Σ λ A_c)/(1 + Σ λ), λ ← clip(λ + η δ, 0, λ_max) from evaluated cost. The paper keeps one
 * critic of the penalised reward; here main and costs have one each, because a critic of a reward that moves with λ
 * lags behind it.
 */
export function createRcpoDual(raw: unknown): Algorithm {
  const config = parseConfig<RcpoDualConfig>(rcpoDualConfig, raw);
  return {
    name: 'rcpo-dual',
    config,
    train: (context) => trainConstrained(context, rcpoDualSetup(config, context.data)),
  };
}

export const rcpoDualSetup = (config: RcpoDualConfig, data: TrainingData): ConstrainedSetup => ({
  name: 'rcpo-dual',
  config,
  layers: rcpoDualLayers(config, data),
  actorLoss: rcpoDualLoss,
  multipliers: (limits) =>
    new DualAscent(limits.length, {
      rate: config.multiplierRate,
      initial: config.initialMultiplier,
      maximum: config.maxMultiplier,
    }),
});
