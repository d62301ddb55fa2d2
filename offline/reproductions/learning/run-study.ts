import { runInWorkers } from '../../learning/parallel/pool.ts';
import type { LearningStudyRun } from '../study-run.ts';
import { keptRuns } from './kept-runs.ts';
import { available, type StudyMethod } from './methods.ts';
import type { MethodRun, MethodShared, MethodTask } from './run-method.ts';
import { studySettings, type StudySettings } from './settings.ts';

/** All seeds of one method; seeds in the order that was asked for. */
export interface MethodResult {
  readonly method: StudyMethod;
  readonly seeds: readonly MethodRun[];
}

export interface StudyRuns {
  readonly world: string;
  readonly settings: StudySettings;
  readonly seeds: readonly number[];
  readonly methods: readonly MethodResult[];
  /** Methods that this build does not have yet. */
  readonly missing: readonly string[];
}

/**
 * Runs every method on every seed, in workers; the results depend on neither their number nor their order. Several studies of
 * one command share what they have in common.
 */
export async function runMethods(
  run: LearningStudyRun,
  title: string,
  methods: readonly StudyMethod[],
): Promise<StudyRuns> {
  const settings = studySettings(run);
  const shared: MethodShared = { world: run.world?.raw ?? null, settings };
  const usable = available(methods);
  // Seed by seed: a worker that goes on with the same seed has its log already.
  const tasks = run.seeds.flatMap((seed) => usable.map((method): MethodTask => ({ method, seed })));
  const kept = keptRuns(run.keepIn ?? null);
  const open = tasks.filter((task) => kept.get(keyOf(shared, task)) === undefined);
  run.progress.step(`${title}: ${worldName(run)}`, open.length);
  await runInWorkers<MethodTask, MethodRun>({
    module: new URL('./run-method.ts', import.meta.url),
    tasks: open,
    workers: run.workers,
    shared,
    nameOf: ({ method, seed }) => `${method.name}, seed ${seed}`,
    onResult: (result, index) => {
      kept.add(keyOf(shared, open[index]), result);
      run.progress.advance();
    },
  });
  run.progress.done();
  return {
    world: worldName(run),
    settings,
    seeds: run.seeds,
    methods: usable.map((method) => ({
      method,
      seeds: run.seeds.map((seed) => kept.get(keyOf(shared, { method, seed })) as MethodRun),
    })),
    missing: methods.filter((method) => !usable.includes(method)).map(({ name }) => name),
  };
}

/** A method's name says nothing about what it does; its algorithm and config do. */
export const keyOf = (shared: MethodShared, { method, seed }: MethodTask): string => {
  const { name: _name, ...what } = method;
  return JSON.stringify([shared, what, seed]);
};

export const worldName = (run: LearningStudyRun): string => run.world?.name ?? 'default world';
