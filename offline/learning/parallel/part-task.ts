import { AllotError } from '../../../src/core/errors.ts';
import { prepareTraining, type PreparedTraining, type TrainingRecipe } from '../prepare-training.ts';
import type { TrainedActor, TrainingProgress } from '../run/learner.ts';
import type { TaskContext } from './pool.ts';

/** What a worker knows of the training that its parts belong to; its progress and warnings go back as reports. */
export type PartReport =
  | { readonly kind: 'progress'; readonly progress: TrainingProgress }
  | { readonly kind: 'warning'; readonly message: string };

let prepared: Promise<PreparedTraining> | undefined;

/** Trains one part of an algorithm, by its name; see `train-parts.ts`. */
export async function task(
  name: string,
  { shared, report }: TaskContext<TrainingRecipe>,
): Promise<TrainedActor> {
  const tell = (about: PartReport): void => report(about);
  prepared ??= prepareTraining(withWarnings(shared, (message) => tell({ kind: 'warning', message })));
  const { algorithm, context } = await prepared;
  if (algorithm.part === undefined)
    throw new AllotError('internal', `${algorithm.name} has no parts that could be trained on their own`);
  return await algorithm.part(
    { ...context, progress: (progress) => tell({ kind: 'progress', progress }) },
    name,
  );
}

function withWarnings(recipe: TrainingRecipe, warn: (message: string) => void): TrainingRecipe {
  return recipe.checkpoints === undefined
    ? recipe
    : { ...recipe, checkpoints: { ...recipe.checkpoints, warn } };
}
