import type { ArmSummary, Look } from '../../src/core/experiment/statistics/look-series.ts';
import { unreadable, type TabularColumns } from './columns.ts';
import { countOf, keyOf, numberOf, refuseUnnamed, requestsOf, timeLabels, timeOf } from './keyed-rows.ts';
import { readChosenColumns } from './read-columns.ts';

/** Where the looks of an experiment stand in a file; a row per pair, metric and time, cumulative. */
export interface LookColumns {
  readonly experiment?: string | undefined;
  readonly variant?: string | undefined;
  readonly metric?: string | undefined;
  readonly time?: string | undefined;
  readonly controlN?: string | undefined;
  readonly controlMean?: string | undefined;
  readonly controlVariance?: string | undefined;
  readonly treatmentN?: string | undefined;
  readonly treatmentMean?: string | undefined;
  readonly treatmentVariance?: string | undefined;
  /** Metrics that are 0 or 1 for every unit, so that a missing variance is m (1 − m); `all` for every metric. */
  readonly binary?: readonly string[] | 'all';
}

export interface LookPair {
  readonly experiment: string | null;
  readonly variant: string | null;
  readonly metric: string | null;
  /** By time. */
  readonly looks: readonly Look[];
  /** What was odd in the rows of this pair. */
  readonly warnings: readonly string[];
}

export interface LookFile {
  readonly rows: number;
  /** In the order of their first row. */
  readonly pairs: readonly LookPair[];
  /** The time as the file writes it. */
  readonly timeLabel: (time: number) => number | string;
}

interface Row {
  readonly look: Look;
  readonly row: number;
}

/**
 * Reads cumulative looks, rows in any order. A missing mean or variance is left to the verdict ("no data"), unless the metric is
 * known to be 0 or 1: then the variance is m (1 − m).
 *
 * @throws AllotError `log_unreadable`: a column that was not named or is not there (with those that are), a negative count or
 *   variance, several rows of a pair without a time
 */
export async function readLooks(file: string, columns: LookColumns): Promise<LookFile> {
  const { controlN, controlMean, controlVariance, treatmentN, treatmentMean, treatmentVariance } = columns;
  const table = await readChosenColumns(file, (header) => {
    refuseUnnamed(file, header, [
      { flag: '--control-n', name: controlN },
      { flag: '--control-mean', name: controlMean },
      { flag: '--treatment-n', name: treatmentN },
      { flag: '--treatment-mean', name: treatmentMean },
    ]);
    return requestsOf(
      [columns.experiment, columns.variant, columns.metric, columns.time],
      [controlN, controlMean, controlVariance, treatmentN, treatmentMean, treatmentVariance],
    );
  });
  const groups = new Map<string, { names: (string | null)[]; rows: Row[] }>();
  for (let row = 0; row < table.rows; row++) {
    const names = [columns.experiment, columns.variant, columns.metric].map((c) => keyOf(table, c, row));
    const key = JSON.stringify(names);
    const group = groups.get(key) ?? { names, rows: [] };
    group.rows.push({ look: lookOf(table, columns, row), row });
    groups.set(key, group);
  }
  const isBinary = binaryMetrics([...groups.values()], columns);
  const pairs = [...groups.values()].map(({ names: [experiment, variant, metric], rows }): LookPair => {
    if (columns.time === undefined && rows.length > 1) {
      const rule =
        'a pair has several rows: name the column of their time by --time (and --variant, --metric)';
      throw unreadable(table.locate(rows[1].row), { field: '--time', rule });
    }
    const warnings: string[] = [];
    const filled = isBinary(metric ?? '') ? rows.map((r) => withVariances(table, r, warnings)) : rows;
    return {
      experiment,
      variant,
      metric,
      looks: inOrder(filled, warnings),
      warnings: [...new Set(warnings)],
    };
  });
  return { rows: table.rows, pairs, timeLabel: timeLabels(table, columns.time) };
}

function lookOf(table: TabularColumns, columns: LookColumns, row: number): Look {
  const arm = (n?: string, mean?: string, variance?: string): ArmSummary => ({
    units: countOf(table, n, row),
    mean: numberOf(table, mean, row),
    variance: countOf(table, variance, row),
  });
  return {
    time: timeOf(table, columns.time, row),
    control: arm(columns.controlN, columns.controlMean, columns.controlVariance),
    treatment: arm(columns.treatmentN, columns.treatmentMean, columns.treatmentVariance),
  };
}

/**
 * Declared ones; and those that show it: every mean in [0, 1], some variances given, and each of them m (1 − m) (with n or n − 1).
 */
function binaryMetrics(
  groups: readonly { readonly names: readonly (string | null)[]; readonly rows: readonly Row[] }[],
  { binary = [] }: LookColumns,
): (metric: string) => boolean {
  if (binary === 'all') return () => true;
  const shows = new Map<string, boolean>();
  for (const { names, rows } of groups)
    for (const { look } of rows)
      for (const { units, mean, variance } of [look.control, look.treatment]) {
        if (Number.isNaN(variance) || Number.isNaN(mean) || !(units > 1)) continue;
        const expected = mean * (1 - mean);
        const fits = mean >= 0 && mean <= 1 && Math.abs(variance - expected) <= 1e-9 + (2 * expected) / units;
        const metric = names[2] ?? '';
        shows.set(metric, (shows.get(metric) ?? true) && fits);
      }
  return (metric) => binary.includes(metric) || shows.get(metric) === true;
}

function withVariances(table: TabularColumns, { look, row }: Row, warnings: string[]): Row {
  const filled = (arm: ArmSummary): ArmSummary => {
    if (!Number.isNaN(arm.variance) || Number.isNaN(arm.mean)) return arm;
    if (arm.mean < 0 || arm.mean > 1) {
      const rule = 'the mean of a 0/1 metric must be in [0, 1]';
      throw unreadable(table.locate(row), { field: '--binary', rule, value: arm.mean });
    }
    warnings.push('variance missing: m(1 − m), the metric being 0 or 1');
    return { ...arm, variance: arm.mean * (1 - arm.mean) };
  };
  return { row, look: { ...look, control: filled(look.control), treatment: filled(look.treatment) } };
}

/** By time; of several rows of one time the one with most units (the last to be written) stays. */
function inOrder(rows: readonly Row[], warnings: string[]): Look[] {
  const unitsOf = ({ control, treatment }: Look): number => control.units + treatment.units;
  const looks: Look[] = [];
  const byTime = rows.map(({ look }) => look).sort((a, b) => a.time - b.time || unitsOf(a) - unitsOf(b));
  for (const look of byTime) {
    const before = looks[looks.length - 1] as Look | undefined;
    if (before?.time === look.time) {
      warnings.push('several rows of one time: the one with most units is used');
      looks.pop();
    } else if (
      before !== undefined &&
      (look.control.units < before.control.units || look.treatment.units < before.treatment.units)
    ) {
      warnings.push('counts fall between looks: not cumulative, or units were taken out');
    }
    looks.push(look);
  }
  return looks;
}
