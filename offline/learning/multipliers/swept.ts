import { createRandom } from '../../../src/core/math/random.ts';
import { Network } from '../networks/network.ts';
import type { CurvePoint, TrainedActor, TrainingContext } from '../run/learner.ts';
import {
  chooseCandidate,
  sweepMetrics,
  validationJudge,
  type SelectionOptions,
} from './select-on-validation.ts';

export interface Swept {
  /** What is swept, for the metrics: `lambda`. */
  readonly name: string;
  /** Trains with one setting; its phase has the setting in its name. */
  readonly train: (setting: number) => Promise<TrainedActor>;
}

/**
 * Trains once per setting, one after the other (studies already run seeds and methods in parallel), and lets the validation
 * rows choose. The rule: among the settings that pass every gate the largest lower bound of the main response; when none
 * passes, the one of least violation, and the metric `sweepIsFeasible` is 0: then no setting keeps its promises by what
 * these rows can show. Metrics: the chosen setting under its name, and the table as `sweep:<setting>:…`.
 */
export async function sweep(
  context: TrainingContext,
  settings: readonly number[],
  options: SelectionOptions,
  { name, train }: Swept,
): Promise<TrainedActor> {
  const judge = validationJudge(context, options);
  const trained: TrainedActor[] = [];
  for (const setting of settings) trained.push(await train(setting));
  const judgements = trained.map(({ layers, weights }) => {
    const actor = new Network(layers, createRandom(0));
    actor.importWeights(weights);
    const judgement = judge(actor);
    actor.dispose();
    return judgement;
  });
  const best = chooseCandidate(judgements);
  const curve: CurvePoint[] = trained.flatMap((t) => t.curve);
  const metrics = {
    ...trained[best].metrics,
    [name]: settings[best],
    sweepIsFeasible: Number(judgements[best].isFeasible),
    ...sweepMetrics(settings, judgements),
  };
  return { ...trained[best], curve, metrics };
}
