import type { Head } from '../../supervised/head.ts';
import { binaryHead, ordinalHead, regressionHead, type Labels } from '../../supervised/make-head.ts';
import {
  interactionsOf,
  liveTimeOf,
  longViewOf,
  sessionEndOf,
  shortTimeOf,
  signalValues,
} from '../../supervised/signals.ts';
import type { TrainingContext } from '../../run/learner.ts';
import type { SlmgacConfig } from './config.ts';
import type { BoundedReward } from './reward.ts';

export interface ChosenHeads {
  readonly heads: readonly Head[];
  /** Names of tasks that this surface has no response for, or that never vary here. */
  readonly skipped: readonly string[];
}

type Task = readonly [name: string, make: () => Head | null];

/** The tasks of supervision; `reward` (of the decomposed critic) comes first. */
export function chooseHeads(
  context: TrainingContext,
  config: SlmgacConfig,
  reward: BoundedReward,
): ChosenHeads {
  if (config.supervision === 'none') return { heads: [], skipped: [] };
  const tasks: Task[] = config.supervisionWeight > 0 ? supervisedTasks(context, config) : [];
  if (config.supervision === 'decomposed') tasks.unshift(rewardTask(context, config, reward));
  const made = tasks.map(([name, make]) => ({ name, head: make() }));
  return {
    heads: made.flatMap(({ head }) => (head === null ? [] : [head])),
    skipped: made.filter(({ head }) => head === null).map(({ name }) => name),
  };
}

/** E[r | s, a]: what the decomposed critic takes out of the bootstrap. */
function rewardTask({ dataset, split }: TrainingContext, config: SlmgacConfig, reward: BoundedReward): Task {
  const labels = { values: reward.values, isKnown: dataset.isComplete };
  return ['reward', () => valueHead('reward', labels, split.train, config)];
}

function supervisedTasks({ surface, dataset, split }: TrainingContext, config: SlmgacConfig): Task[] {
  const { heads } = config;
  const rows = split.train;
  const everywhere = dataset.isComplete;
  const allocated = allocatedRows(surface.nullAction, surface.actions, dataset.actions, dataset.isComplete);
  const live = liveTimeOf(surface);
  const column = (name: string): Float64Array => signalValues(dataset, name);
  const atLeast = (name: string, seconds: number): Labels => ({
    values: column(name).map((time) => (time >= seconds ? 1 : 0)),
    isKnown: allocated,
  });
  const main = surface.responses.find((r) => r.role === 'main')?.name ?? null;
  return [
    task('liveEnter', asked(heads.liveEnter, live), (name) =>
      binaryHead('liveEnter', atLeast(name, heads.enterSeconds), rows),
    ),
    task('watchTime', asked(heads.watchTime, live ?? main), (name) =>
      valueHead(
        'watchTime',
        { values: column(name), isKnown: name === live ? allocated : everywhere },
        rows,
        config,
      ),
    ),
    task('longView', asked(heads.longView, longViewOf(surface) ?? live), (name) =>
      binaryHead(
        'longView',
        name === live
          ? atLeast(name, heads.longViewSeconds)
          : { values: happened([column(name)]), isKnown: allocated },
        rows,
      ),
    ),
    task('interaction', asked(heads.interaction, some(interactionsOf(surface))), (names) =>
      binaryHead('interaction', { values: happened(names.map(column)), isKnown: everywhere }, rows),
    ),
    [
      'sessionContinues',
      () => (heads.sessionContinues === null ? null : sessionHead(heads.sessionContinues)),
    ],
    task('shortSeconds', asked(heads.shortSeconds, shortTimeOf(surface, dataset)), (signal) =>
      regressionHead('shortSeconds', { values: signalValues(dataset, signal), isKnown: everywhere }, rows),
    ),
  ];

  /** From the response that says a session ended; without one, from the transitions of a session surface. */
  function sessionHead(named: string | undefined): Head | null {
    const end = named ?? sessionEndOf(surface);
    if (end !== null)
      return binaryHead(
        'sessionContinues',
        { values: column(end).map((value) => (value > 0 ? 0 : 1)), isKnown: everywhere },
        rows,
      );
    if (surface.horizon === 1) return null;
    const isKnown = dataset.isComplete.map((complete, i) => (complete && !dataset.truncated[i] ? 1 : 0));
    return binaryHead('sessionContinues', { values: dataset.done.map((d) => 1 - d), isKnown }, rows);
  }
}

const asked = <T>(config: T | null | undefined, found: T | null): T | null =>
  config === undefined ? found : config;
const some = <T>(list: readonly T[]): readonly T[] | null => (list.length === 0 ? null : list);

const task = <T>(name: string, source: T | null, make: (source: T) => Head | null): Task => [
  name,
  () => (source === null ? null : make(source)),
];

const happened = (columns: readonly Float64Array[]): Float64Array =>
  columns[0].map((_, i) => (columns.some((values) => values[i] > 0) ? 1 : 0));

function valueHead(name: string, labels: Labels, rows: Int32Array, config: SlmgacConfig): Head | null {
  const { discretisation, bins, restoration } = config;
  if (discretisation === 'regression') return regressionHead(name, labels, rows);
  return ordinalHead(name, labels, rows, { bins, restoration, edges: config.edges[name] ?? null });
}

function allocatedRows(
  nullAction: string | null,
  actions: readonly string[],
  taken: Int32Array,
  isComplete: Uint8Array,
): Uint8Array {
  const nullIndex = nullAction === null ? -1 : actions.indexOf(nullAction);
  return isComplete.map((complete, i) => (complete && taken[i] !== nullIndex ? 1 : 0));
}
