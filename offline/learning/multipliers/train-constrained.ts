import type { LayerSpec } from '../../../src/core/policy/artifact.ts';
import { actorMetrics, actorProbabilities } from '../actor-critic/actor.ts';
import { discountFor } from '../config.ts';
import { composeReward, mainTerms, type DerivedColumns, type Reward } from '../data/rewards.ts';
import { mapRows } from '../data/training-data.ts';
import type { Network } from '../networks/network.ts';
import type { TrainedActor, TrainingContext } from '../run/learner.ts';
import { runLearner } from '../run/run-loop.ts';
import type { ConstrainedConfig } from './config.ts';
import { ConstrainedActorCritic, type CostMeter } from './constrained-actor-critic.ts';
import type { ConstrainedLoss } from './constrained-losses.ts';
import { costColumns } from './cost-columns.ts';
import { HeldOutCosts } from './evaluated-cost.ts';
import { limitMetrics } from './limit-metrics.ts';
import { limitsOf, type Limit } from './limits.ts';
import type { Multipliers } from './multipliers.ts';
import { KnownShare, LearnedCritic, type ResponseCritic } from './response-critic.ts';
import { ResponseSet } from './response-set.ts';
import { servedRows } from './served-rows.ts';
import { discountedLength, firstRows, valueAtStart } from './session-cost.ts';

export interface ConstrainedSetup {
  readonly name: string;
  readonly config: ConstrainedConfig;
  readonly layers: readonly LayerSpec[];
  readonly actorLoss: ConstrainedLoss;
  readonly multipliers: (limits: readonly Limit[]) => Multipliers;
}

/** What one response is learned from: its reward (something to maximise) and discount. */
interface Term {
  readonly reward: Reward;
  readonly discount: number;
}

export async function trainConstrained(
  context: TrainingContext,
  setup: ConstrainedSetup,
): Promise<TrainedActor> {
  const { config, name } = setup;
  const { data, split, surface } = context;
  const { learner, meter, main } = constrainedLearner(context, setup);
  const { averaged, curve } = await runLearner(learner, context, {
    ...config,
    phase: name,
    steps: config.warmUpSteps + config.steps,
    rows: split.train,
    // A share that a limit pushes is not drifting.
    watch: learner.limits.some(({ on }) => on === 'share-of-actions') ? 'policy' : 'exported',
  });
  const metrics = {
    rewardScale: main.scale,
    ...limitMetrics(learner, meter(averaged), config.maxMultiplier),
    ...actorMetrics(averaged, data, split.validation, surface.actions),
  };
  const weights = averaged.exportWeights();
  averaged.dispose();
  learner.dispose();
  return { layers: setup.layers, weights, curve, metrics };
}

/** The learner with its meter, ready to run: shared by the trainer and by whoever steps it by hand. */
export function constrainedLearner(
  context: TrainingContext,
  setup: ConstrainedSetup,
): { readonly learner: ConstrainedActorCritic; readonly meter: CostMeter; readonly main: Reward } {
  const { config, layers } = setup;
  const { dataset, split, surface } = context;
  const columns = costColumns(dataset, surface, split.train, config.displacedTime);
  const limits = limitsOf(surface, config.limits, columns);
  const main = mainTerm(context, config, columns);
  const costs = limits.map((limit) => costTerm(context, config, limit, columns));
  const random = context.random.fork(setup.name);
  const critics: Record<string, ResponseCritic> = {};
  [main, ...costs].forEach((term, i) => {
    const name = i === 0 ? 'main' : `limit-${limits[i - 1].name}`;
    critics[name] = criticOf(context, setup, term, i === 0 ? null : limits[i - 1], name);
  });
  const responses = new ResponseSet(critics, config.advantageFloor);
  const meter = meterOf(context, config, limits, columns, costs, responses);
  const scales = costs.map(({ reward }) => reward.scale);
  const multipliers = setup.multipliers(limits);
  const { actorLoss } = setup;
  const learner = new ConstrainedActorCritic({
    actorLoss,
    layers,
    responses,
    limits,
    scales,
    multipliers,
    meter,
    config,
    random,
  });
  return { learner, meter, main: main.reward };
}

function mainTerm(context: TrainingContext, config: ConstrainedConfig, columns: DerivedColumns): Term {
  const { dataset, split, surface } = context;
  const discount = discountFor(surface.horizon, config.discount, 0.95);
  const { plantedFault } = config;
  const options = { trainRows: split.train, discount, plantedFault, columns };
  return { reward: composeReward(dataset, mainTerms(surface, config.multipliers), options), discount };
}

/** g = −c = −sign · response: what meets the limit is something to maximise. */
function costTerm(
  { dataset, split, surface }: TrainingContext,
  config: ConstrainedConfig,
  limit: Limit,
  columns: DerivedColumns,
): Term {
  const isShare = limit.on === 'share-of-actions';
  const asked = config.costDiscounts[limit.on] ?? null;
  const discount = isShare ? 0 : discountFor(surface.horizon, asked, 0.9);
  const { plantedFault } = config;
  const options = { trainRows: split.train, discount, plantedFault, columns };
  return { reward: composeReward(dataset, [{ response: limit.on, weight: -limit.sign }], options), discount };
}

function criticOf(
  { data, surface, random }: TrainingContext,
  { config, layers, name }: ConstrainedSetup,
  { reward, discount }: Term,
  limit: Limit | null,
  label: string,
): ResponseCritic {
  if (limit?.on === 'share-of-actions') {
    const nullIndex = surface.nullAction === null ? -1 : surface.actions.indexOf(surface.nullAction);
    const fault = config.plantedFault === 'inverted-reward' ? -1 : 1;
    return new KnownShare(data.actionCount, nullIndex, (-limit.sign * fault) / reward.scale);
  }
  const options = { ...config, learningRate: config.criticLearningRate, discount };
  return new LearnedCritic({ layers, data, reward, options, random: random.fork(`${name}/${label}`) });
}

function meterOf(
  { data, dataset, surface, split }: TrainingContext,
  config: ConstrainedConfig,
  limits: readonly Limit[],
  columns: DerivedColumns,
  costs: readonly Term[],
  responses: ResponseSet,
): CostMeter {
  const held = new HeldOutCosts({
    dataset,
    surface,
    heldOut: split.validation,
    limits,
    columns,
    clip: config.evaluationClip,
    mostRows: config.evaluationRows,
  });
  const served = (actor: Network, rows: Int32Array): Float64Array =>
    servedRows(
      surface,
      dataset,
      rows,
      mapRows(data, rows, (states) => actorProbabilities(actor, states)),
    );
  if (config.costEvaluation === 'weights') return (actor) => held.evaluate(served(actor, held.rows));
  const fault = config.plantedFault === 'inverted-reward' ? -1 : 1;
  return (actor) => {
    const direct = held.evaluate(served(actor, held.rows));
    return limits.map((limit, j) => {
      if (limit.on === 'share-of-actions') return direct[j];
      const { reward, discount } = costs[j];
      const starts = firstRows(dataset, held.rows, discount);
      const value = valueAtStart(data, starts, served(actor, starts), (s) =>
        responses.actionValues(j + 1, s),
      );
      const total = value * reward.scale + reward.shift;
      const perDecision = total / discountedLength(dataset, starts, discount);
      return { value: -limit.sign * fault * perDecision, standardError: direct[j].standardError };
    });
  };
}
