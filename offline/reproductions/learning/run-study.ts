import { runInWorkers } from '../../learning/parallel/pool.ts';
import type { LearningStudyRun } from '../study-run.ts';
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

/** Runs every method on every seed, in workers; the results depend on neither their number nor their order. */
export async function runMethods(
  run: LearningStudyRun,
  title: string,
  methods: readonly StudyMethod[],
  options: { readonly estimates?: boolean } = {},
): Promise<StudyRuns> {
  const settings = studySettings(run);
  const usable = available(methods);
  // Seed by seed: a worker that goes on with the same seed has its log already.
  const tasks = run.seeds.flatMap((seed) => usable.map((method): MethodTask => ({ method, seed })));
  const shared: MethodShared = {
    world: run.world?.raw ?? null,
    settings,
    estimates: options.estimates ?? false,
  };
  run.progress.step(`${title}: ${worldName(run)}`, tasks.length);
  const results = await runInWorkers<MethodTask, MethodRun>({
    module: new URL('./run-method.ts', import.meta.url),
    tasks,
    workers: run.workers,
    shared,
    nameOf: ({ method, seed }) => `${method.name}, seed ${seed}`,
    onResult: () => run.progress.advance(),
  });
  run.progress.done();
  return {
    world: worldName(run),
    settings,
    seeds: run.seeds,
    methods: usable.map((method, m) => ({
      method,
      seeds: run.seeds.map((_, s) => results[s * usable.length + m]),
    })),
    missing: methods.filter((method) => !usable.includes(method)).map(({ name }) => name),
  };
}

export const worldName = (run: LearningStudyRun): string => run.world?.name ?? 'default world';
