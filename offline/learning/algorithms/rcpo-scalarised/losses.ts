import type { Surface } from '../../../../src/core/surface/surface.ts';
import type { Dataset } from '../../../dataset/dataset.ts';
import {
  composeReward,
  mainTerms,
  signedTerm,
  type DerivedColumns,
  type RewardTerm,
} from '../../data/rewards.ts';
import type { RcpoScalarisedConfig } from './config.ts';

/**
 * The fixed weighted reward r = r₁ + Σ wᵢ rᵢ − Σ λⱼ cⱼ of one critic (Tessler et al. 2018, eq. 8, with λ fixed; what the
 * code of TSCAC trains under the name RCPO). Responses that no record names enter with ±standardWeight · σ₁/σᵢ.
 */
export function scalarisedTerms(
  dataset: Dataset,
  surface: Surface,
  trainRows: Int32Array,
  config: RcpoScalarisedConfig,
  columns: DerivedColumns,
): RewardTerm[] {
  const main = mainTerms(surface, config.multipliers);
  const named = Object.entries(config.auxiliaryWeights).map(([response, weight]) => ({ response, weight }));
  const taken = new Set([...main, ...named].map(({ response }) => response));
  const scaleOf = (response: string): number => {
    const options = { trainRows, discount: 0, plantedFault: null, columns };
    return composeReward(dataset, [{ response, weight: 1 }], options).scale;
  };
  const mainScale = scaleOf(main[0].response);
  const rest = surface.responses
    .filter(({ name }) => !taken.has(name) && config.standardWeight > 0)
    .map(({ name }) => {
      const { weight } = signedTerm(surface, name, config.minimise);
      return { response: name, weight: (weight * config.standardWeight * mainScale) / scaleOf(name) };
    });
  return [...main, ...named, ...rest];
}
