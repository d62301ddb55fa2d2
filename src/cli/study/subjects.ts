import type { LearningStudy, StudyRun } from '../../../offline/reproductions/study-run.ts';
import type { StudyTable } from '../../../offline/reproductions/study-table.ts';
import type { StudyFlags, StudyOutcome, StudySubject } from './subject.ts';

const proofs = ['laws', 'goldens', 'obp-table', 'coverage', 'sequential', 'session-gate', 'traps'] as const;

const judging: StudySubject = {
  name: 'judging',
  summary: 'the proofs of off-policy evaluation (docs/judging.md)',
  parts: proofs,
  isOnWorlds: false,
  async run(part, { repetitions, isShort, workers, seed, progress }) {
    const { judgingProofs } = await import('../../../offline/reproductions/judging.ts');
    const proof = part as (typeof proofs)[number];
    const tables = await judgingProofs[proof]({ repetitions, isShort, workers, seed, progress });
    const outcome = await shown(tables);
    return { ...outcome, json: { proof, isProven: outcome.isProven, tables } };
  },
};

const experimentParts = ['aa', 'power', 'asos', 'upworthy', 'forecasts', 'switching', 'regressions'] as const;

const experiments: StudySubject = {
  name: 'experiments',
  summary: 'the proofs of experiments (docs/experiments.md)',
  parts: experimentParts,
  isOnWorlds: false,
  async run(part, { repetitions, isShort, workers, seed, progress }) {
    const proof = part as (typeof experimentParts)[number];
    const run = { repetitions, isShort, workers, seed, progress };
    const tables = await runProof(proof, run);
    const outcome = await shown(tables);
    return { ...outcome, json: { proof, isProven: outcome.isProven, tables } };
  },
};

/** Two proofs run on processes of their own. */
async function runProof(
  proof: (typeof experimentParts)[number],
  run: StudyRun,
): Promise<readonly StudyTable[]> {
  if (proof === 'switching') return await (await import('./running-experiments.ts')).switching(run);
  if (proof === 'regressions') return await (await import('./regressions.ts')).regressions(run);
  const { experimentProofs } = await import('../../../offline/reproductions/experiments/experiments.ts');
  return await experimentProofs[proof](run);
}

/** The learning studies; each is a module of its own, loaded when it is asked for. */
const learningStudies = {
  'two-stage': async () => (await import('../../../offline/reproductions/learning/two-stage.ts')).twoStage,
  'multi-group': async () =>
    (await import('../../../offline/reproductions/learning/multi-group.ts')).multiGroup,
  optimum: async () => (await import('../../../offline/reproductions/optimum/study.ts')).optimum,
  estimates: async () => (await import('../../../offline/reproductions/learning/estimates.ts')).estimates,
  calibration: async () =>
    (await import('../../../offline/reproductions/calibration/calibration.ts')).calibration,
} as const satisfies Record<string, () => Promise<LearningStudy>>;

type LearningPart = keyof typeof learningStudies;

const summaries: Readonly<Record<LearningPart, string>> = {
  'two-stage': 'tscac against its baselines on the session world, and a sweep of λ',
  'multi-group': 'slmgac against its baselines, and without each of its pieces',
  optimum: 'every algorithm against the exact constrained optimum of the tabular world',
  calibration: 'marginals of the world beside the public KuaiRand statistics',
  estimates: 'off-policy estimates, intervals and verdicts of every trained policy beside the truth',
};

async function runLearning(part: string, flags: StudyFlags): Promise<StudyOutcome> {
  const study = await learningStudies[part as LearningPart]();
  const { tables, result } = await study(flags);
  return { ...(await shown(tables)), json: result };
}

const learningParts = Object.keys(learningStudies) as LearningPart[];

const learning: StudySubject = {
  name: 'learning',
  summary: 'all learning studies (docs/learning-studies.md)',
  parts: learningParts,
  isOnWorlds: true,
  run: runLearning,
};

/** In the order of the help. A part of `learning` is a subject of its own too: `allot study two-stage`. */
export const subjects: readonly StudySubject[] = [
  judging,
  experiments,
  learning,
  ...learningParts.map((name): StudySubject => ({
    name,
    summary: summaries[name],
    parts: [name],
    isOnWorlds: true,
    run: runLearning,
  })),
];

async function shown(tables: readonly StudyTable[]): Promise<Omit<StudyOutcome, 'json'>> {
  const { isProven, toMarkdown, toText } = await import('../../../offline/reproductions/study-table.ts');
  return {
    text: tables.map(toText).join('\n'),
    markdown: tables.map(toMarkdown).join('\n'),
    isProven: isProven(tables),
  };
}
