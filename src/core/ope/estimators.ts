import { directMethod } from './direct-method.ts';
import { doublyRobust } from './doubly-robust.ts';
import { createDoublyRobustShrinkage } from './dros.ts';
import { withClip, type Estimator } from './estimator.ts';
import { checkHyperParameters, defaultHyperParameters, type HyperParameters } from './hyper-parameters.ts';
import { ips } from './ips.ts';
import { moreRobustDoublyRobust } from './mrdr.ts';
import type { BanditEstimatorId } from './report.ts';
import { selfNormalisedDoublyRobust } from './sndr.ts';
import { snips } from './snips.ts';
import { createSubGaussianDoublyRobust, createSubGaussianIps } from './sub-gaussian.ts';
import { createSwitchDoublyRobust } from './switch-dr.ts';

const { switchThreshold, drosLambda, subGaussianLambda } = defaultHyperParameters;

/** Every estimator, in the order of the output. A new one is a file of its own and a line here. */
const factories: Readonly<Record<BanditEstimatorId, (given: HyperParameters) => Estimator>> = {
  ips: ({ clip }) => withClip(ips, clip),
  snips: ({ clip }) => withClip(snips, clip),
  dm: () => directMethod,
  dr: ({ clip }) => withClip(doublyRobust, clip),
  sndr: ({ clip }) => withClip(selfNormalisedDoublyRobust, clip),
  'switch-dr': (given) => createSwitchDoublyRobust(given.switchThreshold ?? switchThreshold),
  dros: (given) => createDoublyRobustShrinkage(given.drosLambda ?? drosLambda),
  'sg-ips': (given) => createSubGaussianIps(given.subGaussianLambda ?? subGaussianLambda),
  'sg-dr': (given) => createSubGaussianDoublyRobust(given.subGaussianLambda ?? subGaussianLambda),
  mrdr: ({ clip }) => withClip(moreRobustDoublyRobust, clip),
};

export const banditEstimatorIds = Object.keys(factories) as readonly BanditEstimatorId[];

/** The estimator of that id; it takes from the settings the one that it has (`hyperParameterOf`), else its default. */
export function createEstimator(id: BanditEstimatorId, given: HyperParameters = {}): Estimator {
  checkHyperParameters(given);
  return factories[id](given);
}

/** Every estimator at its defaults. */
export const estimators = Object.fromEntries(
  banditEstimatorIds.map((id) => [id, createEstimator(id)]),
) as Readonly<Record<BanditEstimatorId, Estimator>>;
