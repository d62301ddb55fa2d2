import { actorMetrics, actorProbabilities } from '../../actor-critic/actor.ts';
import { discountFor, parseConfig } from '../../config.ts';
import { mapRows } from '../../data/training-data.ts';
import { distil } from '../../distillation/distil.ts';
import type { Algorithm, StepMetrics, TrainedActor, TrainingContext } from '../../run/learner.ts';
import { runLearner } from '../../run/run-loop.ts';
import { slmgacConfig, type SlmgacConfig } from './config.ts';
import { DualLimits } from './dual-limits.ts';
import { chooseHeads, type ChosenHeads } from './heads.ts';
import { SlmgacLearner } from './learner.ts';
import { criticLayout } from './networks.ts';
import { slmgacReward, type BoundedReward } from './reward.ts';
import { valueForm } from './value-form.ts';

/**
 * "SL-MGAC-style": our reconstruction from the published ideas (arXiv 2412.10381), never the paper's own. Group
 * decomposition in actor and critic, supervised critics, anti-greedy reward, layer norm, distillation: each behind a switch.
 */
export function createSlmgac(raw: unknown): Algorithm {
  const asked = parseConfig<SlmgacConfig>(slmgacConfig, raw);
  let fitted = asked;
  return {
    name: 'slmgac',
    /** As asked, and after training with the edges that it fitted: that is what the artifact's lineage keeps. */
    get config() {
      return fitted;
    },
    async train(context) {
      const { trained, edges } = await trainSlmgac(context, asked);
      fitted = { ...asked, edges };
      return trained;
    },
  };
}

async function trainSlmgac(
  context: TrainingContext,
  config: SlmgacConfig,
): Promise<{ trained: TrainedActor; edges: SlmgacConfig['edges'] }> {
  const { data, split, surface } = context;
  const { learner, reward, chosen, edges } = slmgacLearner(context, config);
  const { averaged: teacher, curve } = await runLearner(learner, context, {
    ...config,
    phase: 'actor-critic',
    steps: config.warmUpSteps + config.steps,
    rows: split.train,
    watch: 'exported',
  });
  const metrics = {
    ...rewardMetrics(reward),
    ...headMetrics(chosen),
    ...valueMetrics(learner, context, reward),
  };
  const student =
    config.distillation === null ? null : await distil(context, teacher, config.distillation, config);
  const served = student?.student ?? teacher;
  const trained = {
    layers: served.layers,
    weights: served.exportWeights(),
    curve: [...curve, ...(student?.curve ?? [])],
    metrics: {
      ...metrics,
      ...student?.metrics,
      ...learner.limits?.metrics(served),
      ...actorMetrics(served, data, split.validation, surface.actions),
    },
  };
  learner.dispose();
  teacher.dispose();
  student?.student.dispose();
  return { trained, edges };
}

/** The learner of one run, and what was chosen and fitted for it from the surface and the training rows. */
export function slmgacLearner(
  context: TrainingContext,
  config: SlmgacConfig,
): {
  readonly learner: SlmgacLearner;
  readonly reward: BoundedReward;
  readonly chosen: ChosenHeads;
  readonly edges: SlmgacConfig['edges'];
} {
  const { data, dataset, split, surface } = context;
  const discount = discountFor(surface.horizon, config.discount, 0.95);
  const reward = slmgacReward(context, config, discount);
  const chosen = chooseHeads(context, config, reward);
  const form = valueForm(config, data, reward, discount, split.train);
  const layout = criticLayout(data.actionCount, form.atoms, chosen.heads);
  const parts = { config, data, dataset, reward, discount, layout, form };
  const limits = config.dual === null ? null : new DualLimits(context, config, config.dual);
  const edges = Object.fromEntries(
    chosen.heads.flatMap(({ name, bins }) => (bins === null ? [] : [[name, [...bins.edges]]])),
  );
  return { learner: new SlmgacLearner(parts, context.random.fork('slmgac'), limits), reward, chosen, edges };
}

const rewardMetrics = (reward: BoundedReward): StepMetrics => ({
  rewardScale: reward.scale,
  isAntiGreedy: reward.kind === 'anti-greedy' ? 1 : 0,
  ...(reward.meanCost === null ? {} : { loggedCost: reward.meanCost }),
});

/** `head:<task>` 1 or 0: trained, or left out because the surface has nothing for it. */
const headMetrics = ({ heads, skipped }: ChosenHeads): StepMetrics => ({
  ...Object.fromEntries(heads.map(({ name }) => [`hasHead:${name}`, 1])),
  ...Object.fromEntries(skipped.map((name) => [`hasHead:${name}`, 0])),
});

/** By group on validation rows, in units of the reward: V(s) = Σ_a π min Q̄, what runs of several seeds compare. */
function valueMetrics(learner: SlmgacLearner, context: TrainingContext, reward: BoundedReward): StepMetrics {
  const { data, split, surface } = context;
  const rows = split.validation;
  if (rows.length === 0) return {};
  const k = data.actionCount;
  const policy = mapRows(data, rows, (states) => actorProbabilities(learner.actor, states));
  const q = mapRows(data, rows, (states) => learner.critic.actionValues(states).first);
  const names = surface.groups?.names ?? ['all'];
  const sums = names.map(() => ({ n: 0, value: 0 }));
  rows.forEach((row, i) => {
    const own = sums[data.groups[row]];
    own.n += 1;
    for (let a = 0; a < k; a += 1) own.value += policy[i * k + a] * q[i * k + a];
  });
  return Object.fromEntries(
    names.flatMap((name, g) =>
      sums[g].n === 0
        ? []
        : [[`stateValue:${name}`, (sums[g].value / sums[g].n) * reward.scale + reward.shift]],
    ),
  );
}
