import type { Random } from '../../../../src/core/math/random.ts';
import { actorMetrics } from '../../actor-critic/actor.ts';
import { Adam } from '../../networks/adam.ts';
import { parseConfig } from '../../config.ts';
import {
  joinStates,
  type Algorithm,
  type Learner,
  type LearnerState,
  type StepMetrics,
  type TrainedActor,
  type TrainingContext,
} from '../../run/learner.ts';
import { Network } from '../../networks/network.ts';
import { runLearner } from '../../run/run-loop.ts';
import { mapRows, type Batch, type TrainingData } from '../../data/training-data.ts';
import {
  expectedCalibrationError,
  fitTemperature,
  negativeLogLikelihood,
  selectRows,
  type LabelledLogits,
} from './calibration.ts';
import { bcConfig, type BcConfig } from './config.ts';
import { bcLoss } from './losses.ts';
import { bcLayers } from './networks.ts';

/** Behaviour cloning: −E[log π(a|s)] over the rows that no rule forced, then one temperature on validation rows. */
export function createBc(raw: unknown): Algorithm {
  const config = parseConfig<BcConfig>(bcConfig, raw);
  return { name: 'bc', config, train: (context) => trainBc(context, config) };
}

export class BcLearner implements Learner {
  readonly actor: Network;
  readonly #adam: Adam;

  constructor(data: TrainingData, config: BcConfig, random: Random) {
    this.actor = new Network(bcLayers(config, data), random.fork('actor'));
    this.#adam = new Adam(this.actor.parameters, config);
  }

  step(batch: Batch): StepMetrics {
    const { loss } = this.#adam.minimize(() =>
      bcLoss(
        this.actor.forward(batch.inputs, batch.groups),
        batch.eligible,
        batch.actions,
        batch.isSteerable,
      ),
    );
    return { actorLoss: loss };
  }

  state(): LearnerState {
    return joinStates({ actor: this.actor.state(), optimiser: this.#adam.state() });
  }

  restored(): void {
    this.actor.upload();
  }

  dispose(): void {
    this.actor.dispose();
  }
}

async function trainBc(context: TrainingContext, config: BcConfig): Promise<TrainedActor> {
  const { data, split, surface } = context;
  const learner = new BcLearner(data, config, context.random.fork('bc'));
  const { averaged, curve } = await runLearner(learner, context, {
    ...config,
    phase: 'cloning',
    watch: 'exported',
    rows: split.train,
  });
  const held = split.validation.filter((row) => data.isSteerable[row] === 1);
  const labelled = labelledLogits(averaged, data, held);
  const temperature = fitTemperature(labelled);
  scaleLogits(averaged, 1 / temperature);
  const metrics = {
    ...calibrationMetrics(labelled, temperature),
    ...groupCalibration(labelled, held, context, temperature),
    ...actorMetrics(averaged, data, split.validation, surface.actions),
  };
  const weights = averaged.exportWeights();
  averaged.dispose();
  learner.dispose();
  return { layers: learner.actor.layers, weights, curve, metrics };
}

function calibrationMetrics(labelled: LabelledLogits, temperature: number): StepMetrics {
  if (labelled.labels.length === 0) return { temperature };
  return {
    temperature,
    expectedCalibrationError: expectedCalibrationError(labelled, temperature),
    expectedCalibrationErrorBefore: expectedCalibrationError(labelled, 1),
    logLoss: negativeLogLikelihood(labelled, temperature),
  };
}

/** `expectedCalibrationError:<group>` of every group that has held rows, and how many: few rows make it look worse. */
function groupCalibration(
  labelled: LabelledLogits,
  held: Int32Array,
  { data, surface }: TrainingContext,
  temperature: number,
): StepMetrics {
  const own = (surface.groups?.names ?? []).flatMap((name, group) => {
    const places = [...held.keys()].filter((i) => data.groups[held[i]] === group);
    if (places.length === 0) return [];
    const part = selectRows(labelled, places);
    return [
      [`expectedCalibrationError:${name}`, expectedCalibrationError(part, temperature)] as const,
      [`calibrationRows:${name}`, places.length] as const,
    ];
  });
  return Object.fromEntries(own);
}

function labelledLogits(actor: Network, data: TrainingData, rows: Int32Array): LabelledLogits {
  const { actionCount } = data;
  const raw = mapRows(data, rows, (states) => actor.forward(states.inputs, states.groups));
  const logits = Float64Array.from(raw, (z, i) => {
    const at = rows[Math.floor(i / actionCount)] * actionCount + (i % actionCount);
    return data.eligible[at] ? z : -Infinity;
  });
  return { actionCount, logits, labels: Int32Array.from(rows, (row) => data.actions[row]) };
}

/** Folds a temperature into the output layer, so that the artifact needs no field for it. */
function scaleLogits(network: Network, factor: number): void {
  for (const parameter of network.parameters.slice(-2)) {
    for (let i = 0; i < parameter.values.length; i += 1) parameter.values[i] *= factor;
    parameter.upload();
  }
}
