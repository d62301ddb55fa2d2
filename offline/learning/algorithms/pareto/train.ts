import { mainTerms, composeReward, signedTerm } from '../../data/rewards.ts';
import { trainActor } from '../../actor-critic/actor-critic.ts';
import { discountFor, parseConfig } from '../../config.ts';
import { LearnedCritic, type ResponseCritic } from '../../multipliers/response-critic.ts';
import { ResponseSet } from '../../multipliers/response-set.ts';
import type { Algorithm, TrainedActor, TrainingContext } from '../../run/learner.ts';
import { paretoConfig, type ParetoConfig } from './config.ts';
import { ParetoLearner } from './learner.ts';
import { paretoLayers } from './networks.ts';

/**
 * Multi-objective baseline: per-response actor gradients, combined by min-norm weights (MGDA-UB on the logits, exact). It
 * ends at *some* Pareto-stationary policy: nothing in it prefers the main response, which is why it tends to lose it.
 */
export function createPareto(raw: unknown): Algorithm {
  const config = parseConfig<ParetoConfig>(paretoConfig, raw);
  return { name: 'pareto', config, train: (context) => trainPareto(context, config) };
}

async function trainPareto(context: TrainingContext, config: ParetoConfig): Promise<TrainedActor> {
  const { surface, dataset, split, data } = context;
  const random = context.random.fork('pareto');
  const layers = paretoLayers(config, data);
  const main = mainTerms(surface, {})[0].response;
  const critics: Record<string, ResponseCritic> = {};
  const { plantedFault } = config;
  for (const response of config.objectives ?? surface.responses.map(({ name }) => name)) {
    const asked = config.objectiveDiscounts[response] ?? (response === main ? config.discount : null);
    const discount = discountFor(surface.horizon, asked, response === main ? 0.95 : 0.9);
    const term = signedTerm(surface, response, config.minimise);
    const reward = composeReward(dataset, [term], { trainRows: split.train, discount, plantedFault });
    const options = { ...config, learningRate: config.criticLearningRate, discount };
    critics[response] = new LearnedCritic({ layers, data, reward, options, random: random.fork(response) });
  }
  const responses = new ResponseSet(critics, config.advantageFloor);
  const learner = new ParetoLearner({ layers, responses, config, random });
  const loop = {
    ...config,
    phase: 'pareto',
    steps: config.warmUpSteps + config.steps,
    rows: split.train,
    watch: 'exported',
  } as const;
  const reward = composeReward(dataset, mainTerms(surface, {}), {
    trainRows: split.train,
    discount: 0,
    plantedFault,
  });
  const trained = await trainActor(learner, context, loop, reward);
  const weights = responses.names.map((name, i) => [`paretoWeight:${name}`, learner.weights[i]] as const);
  return { ...trained, metrics: { ...trained.metrics, ...Object.fromEntries(weights) } };
}
