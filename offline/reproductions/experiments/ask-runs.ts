import { winsorLimits } from '../../../src/core/experiment/statistics/winsor.ts';
import { runInWorkers } from '../../learning/parallel/pool.ts';
import type { StudyRun } from '../study-run.ts';
import { DESIGN, SHORT_DESIGN, type Design } from './design.ts';
import { drawPopulation, shapeOf, type Population } from './population.ts';
import type { Ends, GuardrailEnds, RunsAnswer, RunsShared, RunsTask } from './runs.ts';

const PER_TASK = 50;
const POPULATION = 6000;
const SHORT_POPULATION = 700;

/** The population, and what is fixed before any experiment. */
export function prepare(study: StudyRun): RunsShared {
  study.progress.step('a population of the feed world');
  const population = drawPopulation(study.isShort ? SHORT_POPULATION : POPULATION, study.seed);
  const design: Design = study.isShort ? SHORT_DESIGN : DESIGN;
  return {
    population,
    design,
    limits: winsorLimits(population.watch, 0.01),
    variance: variances(population),
  };
}

/** se² n of both effects under an even split: 4 σ². */
function variances({ watch, decisions }: Population): RunsShared['variance'] {
  const [y, n] = [shapeOf(watch), shapeOf(decisions)];
  const ratio = y.mean / n.mean;
  const linear = shapeOf(watch.map((value, k) => (value - ratio * decisions[k]) / n.mean));
  return { mean: 4 * y.variance, ratio: 4 * linear.variance };
}

/** `runs` experiments, in parallel; the same whatever the number of workers. */
export async function askRuns(
  study: StudyRun,
  shared: RunsShared,
  what: Omit<RunsTask, 'runs' | 'seed'> & {
    readonly runs: number;
    readonly seed: number;
    readonly title: string;
  },
): Promise<RunsAnswer> {
  const { runs, seed, title, ...rest } = what;
  const tasks = Array.from({ length: Math.ceil(runs / PER_TASK) }, (_, k): RunsTask => ({
    ...rest,
    runs: Math.min(PER_TASK, runs - k * PER_TASK),
    seed: seed + k,
  }));
  study.progress.step(title, tasks.length);
  const answers = await runInWorkers<RunsTask, RunsAnswer>({
    module: new URL('./runs.ts', import.meta.url),
    tasks,
    workers: study.workers,
    host: 'thread',
    shared,
    onResult: () => study.progress.advance(),
  });
  study.progress.done();
  return answers.reduce(addAnswers);
}

function addAnswers(a: RunsAnswer, b: RunsAnswer): RunsAnswer {
  const names = Object.keys(a.tests);
  const tests = Object.fromEntries(names.map((name) => [name, addEnds(a.tests[name], b.tests[name])]));
  return { tests, guardrails: addGuardrails(a.guardrails, b.guardrails) };
}

const addEnds = (a: Ends, b: Ends): Ends => ({
  runs: a.runs + b.runs,
  above: a.above + b.above,
  below: a.below + b.below,
  share: a.share + b.share,
});

const addGuardrails = (a: GuardrailEnds, b: GuardrailEnds): GuardrailEnds => ({
  runs: a.runs + b.runs,
  atMargin: a.atMargin + b.atMargin,
  noEffect: a.noEffect + b.noEffect,
});
