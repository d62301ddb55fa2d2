import { AllotError } from '../../../../src/core/errors.ts';
import type { Surface } from '../../../../src/core/surface/surface.ts';
import { actorMetrics } from '../../actor-critic/actor.ts';
import { trainActor } from '../../actor-critic/actor-critic.ts';
import { discountFor, parseConfig } from '../../config.ts';
import type { Algorithm, CurvePoint, TrainedActor, TrainingContext } from '../../run/learner.ts';
import { composeReward, mainTerms, signedTerm, type DerivedColumns } from '../../data/rewards.ts';
import { costColumns } from '../../multipliers/cost-columns.ts';
import { sweep } from '../../multipliers/swept.ts';
import { runLearner } from '../../run/run-loop.ts';
import { tscacConfig, type TscacConfig } from './config.ts';
import { rareEvents, SparseCriticLearner } from './sparse-critic.ts';
import { tscacLearner, type AuxiliaryPolicy } from './learner.ts';

/**
 * Two-stage constrained actor-critic (Cai et al. 2023), exact discrete form: stage one learns a policy per auxiliary
 * response, stage two the main response near them. Closeness to the auxiliaries is a soft proxy for the
 * constraints: what holds is what the evaluation says.
 */
export function createTscac(raw: unknown): Algorithm {
  const config = parseConfig<TscacConfig>(tscacConfig, raw);
  return { name: 'tscac', config, train: (context) => trainTscac(context, config) };
}

async function trainTscac(context: TrainingContext, config: TscacConfig): Promise<TrainedActor> {
  const { surface, split, dataset, data } = context;
  const columns = costColumns(dataset, surface, split.train, config.displacedTime);
  const curve: CurvePoint[] = [];
  const auxiliaries: AuxiliaryPolicy[] = [];
  const metrics: Record<string, number> = {};
  for (const response of auxiliariesOf(surface, config)) {
    const stage = await trainAuxiliary(context, config, response, columns);
    curve.push(...stage.curve);
    auxiliaries.push(stage.policy);
    const own = actorMetrics(stage.policy.actor, data, split.validation, surface.actions);
    for (const [name, value] of Object.entries(own)) metrics[`${response}/${name}`] = value;
  }
  const main = await stageTwo(context, config, auxiliaries, columns);
  for (const { actor } of auxiliaries) actor.dispose();
  return { ...main, curve: [...curve, ...main.curve], metrics: { ...metrics, ...main.metrics } };
}

async function trainAuxiliary(
  context: TrainingContext,
  config: TscacConfig,
  response: string,
  columns: DerivedColumns,
): Promise<{ policy: AuxiliaryPolicy; curve: readonly CurvePoint[] }> {
  const { data, dataset, split, surface } = context;
  const discount = discountFor(surface.horizon, config.auxiliaryDiscounts[response] ?? null, 0.9);
  const reward = composeReward(dataset, [signedTerm(surface, response, config.minimise)], {
    trainRows: split.train,
    discount,
    plantedFault: config.plantedFault,
    columns,
  });
  const random = context.random.fork(`tscac/${response}`);
  const plain = tscacLearner({ data, reward, discount, config, random, auxiliaries: [] });
  const events = rareEvents(data, reward, split.train);
  const isSparse = events.rows.length > 0 && events.share < config.sparseBelow;
  const { warmUpSteps } = config;
  const learner = isSparse
    ? new SparseCriticLearner(plain, { data, events, warmUpSteps, random: random.fork('events') })
    : plain;
  const { averaged, curve } = await runLearner(learner, context, {
    ...config,
    phase: `stage one: ${response}`,
    steps: config.warmUpSteps + config.stageOneSteps,
    rows: split.train,
  });
  learner.dispose();
  return {
    policy: { response, actor: averaged, lambda: config.lambdas[response] ?? config.lambda },
    curve,
  };
}

/** Stage two once, or once per λ of the sweep. */
async function stageTwo(
  context: TrainingContext,
  config: TscacConfig,
  auxiliaries: readonly AuxiliaryPolicy[],
  columns: DerivedColumns,
): Promise<TrainedActor> {
  const { lambdaSweep, selectionLevel: level, auxiliarySlack: slack, minimise } = config;
  if (lambdaSweep.length === 0) return trainMain(context, config, auxiliaries, columns, 'stage two');
  return sweep(
    context,
    lambdaSweep,
    { level, slack, minimise, resamples: 200 },
    {
      name: 'lambda',
      train: (lambda) => {
        const near = auxiliaries.map((policy) => ({
          ...policy,
          lambda: config.lambdas[policy.response] ?? lambda,
        }));
        return trainMain(context, config, near, columns, `stage two, λ = ${lambda}`);
      },
    },
  );
}

async function trainMain(
  context: TrainingContext,
  config: TscacConfig,
  auxiliaries: readonly AuxiliaryPolicy[],
  columns: DerivedColumns,
  phase: string,
): Promise<TrainedActor> {
  const { data, dataset, split, surface } = context;
  const discount = discountFor(surface.horizon, config.discount, 0.95);
  const reward = composeReward(dataset, mainTerms(surface, config.multipliers), {
    trainRows: split.train,
    discount,
    plantedFault: config.plantedFault,
    columns,
  });
  const random = context.random.fork('tscac/main');
  const learner = tscacLearner({ data, reward, discount, config, random, auxiliaries });
  const loop = {
    ...config,
    phase,
    steps: config.warmUpSteps + config.steps,
    rows: split.train,
    watch: 'exported',
  } as const;
  return await trainActor(learner, context, loop, reward);
}

function auxiliariesOf(surface: Surface, config: TscacConfig): readonly string[] {
  const declared = surface.responses.filter((r) => r.role !== 'main').map((r) => r.name);
  const names = config.auxiliaries ?? declared;
  if (names.length === 0)
    throw new AllotError(
      'config_invalid',
      'tscac needs at least one auxiliary or cost response; train crr on this surface',
    );
  if (names.every((name) => (config.lambdas[name] ?? config.lambda) === 0))
    throw new AllotError('config_invalid', 'config.lambdas: at least one must be above 0');
  return names;
}
