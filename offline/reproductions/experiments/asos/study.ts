import { quantile } from '../../../../src/core/math/quantile.ts';
import type { SeriesOptions } from '../../../../src/core/experiment/statistics/look-series.ts';
import { readLooks, type LookPair } from '../../../tabular/look-file.ts';
import type { StudyRun } from '../../study-run.ts';
import type { StudyTable } from '../../study-table.ts';
import { sharedOf } from '../counted.ts';
import { sharedData, skipped } from '../shared-data.ts';
import { classify, outcomes, type Classified } from './outcomes.ts';

const FILE = 'asos/digital_experiments.csv.gz';
const TITLE = 'ASOS: decisions while looking against the final estimate';

export const asosColumns = {
  experiment: 'experiment_id',
  variant: 'variant_id',
  metric: 'metric_id',
  time: 'time_since_start',
  controlN: 'count_c',
  controlMean: 'mean_c',
  controlVariance: 'variance_c',
  treatmentN: 'count_t',
  treatmentMean: 'mean_t',
  treatmentVariance: 'variance_t',
};

const methods: readonly { readonly name: string; readonly method: SeriesOptions['method'] }[] = [
  { name: 'confidence sequence', method: 'confidence-sequence' },
  { name: 'mSPRT', method: 'msprt' },
  { name: 't-test at every look (peeking)', method: 'fixed' },
];

/** Proof 3: the real series of ASOS; only counts are printed, never rows. */
export async function asos(study: StudyRun): Promise<StudyTable[]> {
  const file = sharedData(FILE);
  if (file === null) return [skipped(TITLE, FILE)];
  study.progress.step('ASOS series');
  const { pairs } = await readLooks(file, asosColumns);
  const kinds = methods.map(({ method }) => method);
  const byPair = pairs.map((pair) => classify(pair, kinds));
  const found = methods.map(({ name }, m) => ({ name, classified: byPair.map((found) => found[m]) }));
  return [outcomeTable(found, pairs.length), metricTable(found[0].classified, pairs)];
}

type Found = readonly { readonly name: string; readonly classified: readonly Classified[] }[];

const count = (classified: readonly Classified[], ...which: readonly string[]): number =>
  classified.filter(({ outcome }) => which.includes(outcome)).length;

const AGAINST = 'stopped against a significant final';
const UNDECIDED = 'stopped, final undecided';
const STOPPED = outcomes.slice(0, 4);

function outcomeTable(found: Found, series: number): StudyTable {
  const [sequence, msprt, peeking] = found.map(({ classified }) => classified);
  return {
    title: TITLE,
    notes: [
      `${series} series (a treatment–control pair and a metric each), 95 % each. Final: Welch’s t on the last look; "undecided" is a final ` +
        'that is not significant, so whether an early stop was right is unknown, not wrong. Counts, with the share of series that have data and its ' +
        '95 % interval (Clopper–Pearson; series of one experiment are not independent, so the true uncertainty is larger).',
    ],
    header: ['', ...found.map(({ name }) => name)],
    rows: [
      ...outcomes.map((outcome) => [
        outcome,
        ...found.map(({ classified }) => {
          const n = count(classified, outcome);
          const known = classified.length - count(classified, 'no data');
          return outcome === 'no data' ? `${n}` : `${n} = ${sharedOf(n, known)}`;
        }),
      ]),
      [
        'of stops with a significant final: final sign',
        ...found.map(({ classified }) => {
          const right = count(classified, 'stopped early, final sign', 'stopped at the last look');
          return `${right} = ${sharedOf(right, right + count(classified, AGAINST))}`;
        }),
      ],
      [
        'median look of a stop, share of all looks',
        ...found.map(({ classified }) => {
          const stops = classified.flatMap(({ stoppedAt }) => (stoppedAt === null ? [] : [stoppedAt]));
          return stops.length === 0 ? '–' : quantile(stops, 0.5).toFixed(2);
        }),
      ],
    ],
    claims: outcomeClaims(sequence, msprt, peeking),
  };
}

function outcomeClaims(
  sequence: readonly Classified[],
  msprt: readonly Classified[],
  peeking: readonly Classified[],
): StudyTable['claims'] {
  const significant = STOPPED.filter((outcome) => outcome !== UNDECIDED);
  const doubtful = (classified: readonly Classified[]) => count(classified, AGAINST, UNDECIDED);
  return [
    {
      claim: 'the sequential tests stop with a significant final’s sign in at least 95 % of such stops',
      holds: [sequence, msprt].every(
        (classified) => count(classified, AGAINST) <= 0.05 * count(classified, ...significant),
      ),
    },
    {
      claim: 'peeking stops on more series whose final is undecided or opposite than either sequential test',
      holds: [sequence, msprt].every((classified) => doubtful(classified) < doubtful(peeking)),
    },
  ];
}

function metricTable(classified: readonly Classified[], pairs: readonly LookPair[]): StudyTable {
  const metrics = [...new Set(pairs.map(({ metric }) => metric ?? ''))].sort();
  const of = (metric: string) => classified.filter(({ pair }) => pair.metric === metric);
  return {
    title: 'ASOS: the confidence sequence by metric',
    notes: ['Metric 1 is 0 or 1 per user, 2 to 4 are counts or amounts with heavy tails.'],
    header: ['', ...metrics.map((metric) => `metric ${metric}`)],
    rows: outcomes.map((outcome) => [outcome, ...metrics.map((metric) => `${count(of(metric), outcome)}`)]),
    claims: [],
  };
}
