import { table } from '../output.ts';
import { lineageOf, type Difference, type Pair, type RunComparison } from './compare-runs.ts';
import { headline, type RunView } from './run-view.ts';

const short = (text: string | null, length = 12): string => (text === null ? '–' : text.slice(0, length));
const moment = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
const shown = (value: unknown): string =>
  typeof value === 'number'
    ? String(Number(value.toPrecision(5)))
    : value === null || value === ''
      ? '–'
      : typeof value === 'string'
        ? value
        : JSON.stringify(value);

export function renderRuns(runs: readonly RunView[]): string {
  if (runs.length === 0) return 'no runs yet';
  const header = [
    'created',
    'run',
    'kind',
    'surface',
    'state',
    'algorithm',
    'seed',
    'snapshot',
    'policy',
    'headline',
  ];
  const rows = runs.map((run) => [
    ...[moment(run.createdAt), run.id, run.kind, run.surface, run.state, run.algorithm ?? '–'],
    ...[shown(run.seed), short(run.snapshotHash), run.policyVersion ?? '–', headline(run)],
  ]);
  return table(header, rows);
}

/** One run: lineage from the artifact back to who served the log, then what was measured. */
export function renderRun(run: RunView): string {
  const lineage = Object.entries(lineageOf(run)).map(([name, value]) => [name, shown(value)]);
  return [
    `${run.kind} ${run.id}: ${run.state}${run.error === null ? '' : `\n  ${run.error}`}`,
    `artifact ${short(run.artifactHash)} ← run ${run.id} ← snapshot ${short(run.snapshotHash)} ← ${run.behaviorVersions.join(', ') || 'versions not known'}`,
    table(['lineage', ''], lineage),
    ...numbersPart('metric', run.metrics),
    ...numbersPart('allocating share', run.rates),
  ].join('\n\n');
}

function numbersPart(title: string, values: Readonly<Record<string, number>>): string[] {
  const rows = Object.entries(values).map(([name, value]) => [name, shown(value)]);
  return rows.length === 0 ? [] : [table([title, ''], rows)];
}

export function renderComparison(comparison: RunComparison): string {
  const { first, second, isSameSnapshot, lineage, config, metrics, rates } = comparison;
  const snapshots = {
    true: 'the same snapshot',
    false: 'different snapshots',
    null: 'a snapshot is not known',
  };
  return [
    `${first.id} and ${second.id}: ${snapshots[`${String(isSameSnapshot)}` as 'null']}`,
    ...differencesPart('differs in lineage', lineage, 'nothing differs in lineage'),
    ...differencesPart('differs in config', config, 'nothing differs in config'),
    ...pairsPart('metric', metrics),
    ...pairsPart('allocating share', rates),
  ].join('\n\n');
}

const differencesPart = (title: string, found: readonly Difference[], none: string): string[] =>
  found.length === 0
    ? [none]
    : [
        table(
          [title, 'first', 'second'],
          found.map((d) => [d.name, shown(d.first), shown(d.second)]),
        ),
      ];

function pairsPart(title: string, pairs: readonly Pair[]): string[] {
  if (pairs.length === 0) return [];
  const rows = pairs.map(({ name, first, second }) => [
    ...[name, shown(first), shown(second)],
    first === null || second === null ? '' : shown(second - first),
  ]);
  return [table([title, 'first', 'second', 'second − first'], rows)];
}
