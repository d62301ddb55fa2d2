import { parseConfig } from '../../config.ts';
import { PidMultipliers } from '../../multipliers/pid.ts';
import type { ConstrainedSetup } from '../../multipliers/train-constrained.ts';
import { trainConstrained } from '../../multipliers/train-constrained.ts';
import type { TrainingData } from '../../data/training-data.ts';
import type { Algorithm } from '../../run/learner.ts';
import { pidLagrangianConfig, type PidLagrangianConfig } from './config.ts';
import { pidLagrangianLoss } from './losses.ts';
import { pidLagrangianLayers } from './networks.ts';

/**
 * PID Lagrangian (Stooke, Achiam and Abbeel 2020), offline: critics of the main response and of every limit, actor on
 * (A_r − Σ λ A_c)/(1 + Σ λ), λ from a PID controller of the evaluated cost.
 */
export function createPidLagrangian(raw: unknown): Algorithm {
  const config = parseConfig<PidLagrangianConfig>(pidLagrangianConfig, raw);
  return {
    name: 'pid-lagrangian',
    config,
    train: (context) => trainConstrained(context, pidLagrangianSetup(config, context.data)),
  };
}

export const pidLagrangianSetup = (config: PidLagrangianConfig, data: TrainingData): ConstrainedSetup => ({
  name: 'pid-lagrangian',
  config,
  layers: pidLagrangianLayers(config, data),
  actorLoss: pidLagrangianLoss,
  multipliers: (limits) =>
    new PidMultipliers(limits.length, {
      ...config,
      initial: config.initialMultiplier,
      maximum: config.maxMultiplier,
    }),
});
