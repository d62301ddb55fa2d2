import type { StudyTable } from '../study-table.ts';
import type { MethodRun } from './run-method.ts';
import type { MethodResult, StudyRuns } from './run-study.ts';
import { seedMean, type SeedMean } from './statistics.ts';

/** What `--json` gives for one world: every number behind the tables. */
export interface StudyJson extends Readonly<Record<string, unknown>> {
  readonly study: string;
  readonly world: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly methods: readonly MethodJson[];
  readonly claims: StudyTable['claims'];
  /** As printed. */
  readonly tables: readonly StudyTable[];
}

export interface MethodJson {
  readonly method: string;
  readonly algorithm: string | null;
  readonly config: Readonly<Record<string, unknown>>;
  readonly seeds: readonly MethodRun[];
  /** Per session, by response, over the seeds that finished; `lower` and `upper` are Student's 95 % interval of the mean. */
  readonly mean: Readonly<Record<string, SeedMean>>;
  readonly divergences: number;
}

export function toJson(study: string, runs: StudyRuns, tables: readonly StudyTable[]): StudyJson {
  return {
    study,
    world: runs.world,
    settings: { ...runs.settings, seeds: runs.seeds, missing: runs.missing },
    methods: runs.methods.map(methodJson),
    claims: tables.flatMap(({ claims }) => claims),
    tables,
  };
}

function methodJson({ method, seeds }: MethodResult): MethodJson {
  const finished = seeds.filter(({ values }) => values !== undefined);
  const responses = Object.keys(finished[0]?.values ?? {});
  return {
    method: method.name,
    algorithm: method.arm === 'trained' ? method.algorithm : null,
    config: method.arm === 'trained' ? method.config : {},
    seeds,
    mean: Object.fromEntries(
      responses.map((name) => [
        name,
        seedMean(finished.map(({ values }) => values?.[name].perSession ?? NaN)),
      ]),
    ),
    divergences: seeds.length - finished.length,
  };
}

/** Sentences that stand above every table of a study. */
export function settingsNotes({ settings, seeds, world, missing }: StudyRuns): string[] {
  const { steps, batchSize, network } = settings.training;
  return [
    `${world}; seeds ${seeds.join(', ')}; log of ${settings.units} units (70 % train), ${steps} steps of ${batchSize} rows after ` +
      `warm-up, network [${network.hidden.join(', ')}] with a block of ${network.groupBlock} per group, ` +
      `γ ${settings.critic.discount} (main response), τ ${settings.critic.polyak}. Truth: ${settings.truthUnits} units per seed, the same units and noise for all methods of a seed. ` +
      'Mean ± half of the 95 % interval over the seeds (Student).',
    ...(missing.length === 0 ? [] : [`Not in this build, left out: ${missing.join(', ')}.`]),
  ];
}
