import { normalCdf, normalQuantile } from '../../../src/core/math/normal.ts';
import { runInWorkers } from '../../learning/parallel/pool.ts';
import type { StudyRun } from '../study-run.ts';
import type { StudyTable } from '../study-table.ts';
import { published, PUBLISHED_RUNS } from './published.ts';
import { tableEstimators, type Replication, type ReplicationTask } from './replication.ts';
import { publishedDesign, type BehaviorDesign } from './world.ts';

/** Two combined standard errors, Bonferroni over the seven estimators: the z whose two tails are 1/7 of those at 2. */
export const BAR = normalQuantile(1 - (1 - normalCdf(2)) / tableEstimators.length);

const notes: Readonly<Record<BehaviorDesign, readonly string[]>> = {
  'softmax-of-reward': [
    'Published by OBP, examples/synthetic/README.md. Made here by our own generator and estimators: 10,000 rounds, 30 actions, 5 ' +
      'context features, binary rewards with logistic means, β = −3, a fresh world per run; the evaluation policy is learned on ' +
      'another 10,000 rounds (multinomial logistic regression with weights r/p, C = 100, then softmax of its class ' +
      'probabilities); q̂ is logistic regression on context and one-hot action, C = 100, cross-fitted in 3 folds; λ of Switch-DR ' +
      'and DRos by SLOPE on {10, 50, 100, 500, 1000, 5000, 10000, ∞}, on the rows that are valued, as published. Error: ' +
      '|V̂ − V|/V, V from the true means of the evaluation batch.',
    'What the page leaves open, settled by running OBP itself (0.5.2 and 0.5.4 print the published digits; 0.5.7, whose scores are no ' +
      'longer standardised, does not): the behavior policy is softmax(β q(x, ·)), not the library’s "linear behavior policy"; reward ' +
      'scores are standardised over the batch; coefficients are uniform on [−1, 1].',
  ],
  linear: [
    'The same with the library’s linear behavior policy, softmax(β z(x, ·)) with standardised linear scores z of their own: ' +
      'a log with heavier weights and a nearly right q̂, so another table. Nothing is published for it, so nothing is claimed.',
  ],
};

/** The published table and ours, and the same under the other reading of "linear behavior policy". */
export async function obpTable(study: StudyRun): Promise<StudyTable[]> {
  const runs = study.repetitions ?? (study.isShort ? 8 : PUBLISHED_RUNS);
  const designs: readonly BehaviorDesign[] = study.isShort
    ? ['softmax-of-reward']
    : ['softmax-of-reward', 'linear'];
  study.progress.step('published OBP table', runs * designs.length);
  const tables: StudyTable[] = [];
  for (const behavior of designs) {
    const tasks = Array.from({ length: runs }, (_, k): ReplicationTask => ({
      design: { ...publishedDesign, behavior },
      seed: study.seed + k,
    }));
    const answers = await runInWorkers<ReplicationTask, Replication>({
      module: new URL('./replication.ts', import.meta.url),
      tasks,
      workers: study.workers,
      host: 'thread',
      onResult: () => study.progress.advance(),
    });
    tables.push(tableOf(behavior, answers));
  }
  study.progress.done();
  return tables;
}

function tableOf(behavior: BehaviorDesign, answers: readonly Replication[]): StudyTable {
  const compared = tableEstimators.map((id) => {
    const { mean, sd } = momentsOf(answers.map(({ errors }) => errors[id]));
    const known = published[id];
    const error = Math.sqrt((sd * sd) / answers.length + (known.sd * known.sd) / PUBLISHED_RUNS);
    return { known, mean, sd, distance: (mean - known.mean) / error };
  });
  const isClaimed = behavior === 'softmax-of-reward';
  const far = compared.filter(({ distance }) => Math.abs(distance) > BAR).map(({ known }) => known.name);
  const claim =
    `every mean lies within ${BAR.toFixed(2)} combined standard errors (2, Bonferroni over seven) of the published one` +
    (far.length === 0 ? '' : `; not: ${far.join(', ')}`);
  return {
    title: isClaimed
      ? `The published OBP table (${answers.length} runs)`
      : `Linear behavior policy (${answers.length} runs)`,
    notes: notes[behavior],
    header: ['relative error', 'ours', ...(isClaimed ? ['published', 'distance in standard errors'] : [])],
    rows: compared.map(({ known, mean, sd, distance }) => [
      known.name,
      `${mean.toFixed(4)} ± ${sd.toFixed(4)}`,
      ...(isClaimed ? [`${known.mean.toFixed(4)} ± ${known.sd.toFixed(4)}`, distance.toFixed(2)] : []),
    ]),
    claims: isClaimed ? [{ claim, holds: far.length === 0 }] : [],
  };
}

function momentsOf(values: readonly number[]): { mean: number; sd: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { mean, sd: Math.sqrt(squares / (values.length - 1)) };
}
