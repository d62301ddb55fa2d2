import type { TrainedActor, TrainingContext } from '../run/learner.ts';

/**
 * Trains independent parts of an algorithm, for example the auxiliary policies of stage one: in this thread one after the
 * other, or in several processes where the training was given workers. A part may depend on the context and on its name
 * alone (randomness from `context.random.fork(…name…)`, phases named by it), and then the weights do too.
 *
 * `part` must be the algorithm's `Algorithm.part`: that is what a worker calls. What comes back are weights; a network of them is
 * made by `new Network(layers, random)` and `importWeights`.
 */
export async function trainParts(
  context: TrainingContext,
  part: (context: TrainingContext, name: string) => Promise<TrainedActor>,
  names: readonly string[],
): Promise<TrainedActor[]> {
  if (context.inWorkers !== undefined) return await context.inWorkers(names);
  const trained: TrainedActor[] = [];
  for (const name of names) trained.push(await part(context, name));
  return trained;
}
