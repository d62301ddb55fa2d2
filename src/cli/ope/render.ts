import { isRefusal, type Estimate, type EstimateRefusal, type OpeReport } from '../../core/ope/report.ts';
import { percent, shortNumber } from '../../core/ope/trouble.ts';
import { table } from '../output.ts';

/** What stands above the estimates: where they come from and with which settings. */
export interface RunHeader {
  readonly file: string;
  readonly hasUnits: boolean;
  readonly policy: string;
  readonly level: number;
  readonly resamples: number;
  readonly seed: number;
  readonly clip: number | undefined;
  readonly changedLimits: Readonly<Record<string, number>>;
}

/** The report for a person: log, health, estimates with intervals, then every warning and refusal once. */
export function renderReport(report: OpeReport, header: RunHeader): string {
  const estimates = report.estimates.filter((e): e is Estimate => !isRefusal(e));
  const refusals = report.estimates.filter(isRefusal);
  const sections = [
    renderHeader(report, header),
    renderHealth(report),
    ...(estimates.length > 0 ? [renderEstimates(estimates, header.level)] : []),
    ...renderSweep(report, estimates),
    ...renderWarnings(estimates),
    ...renderRefusals(refusals, estimates.length === 0),
  ];
  return sections.join('\n\n');
}

function renderHeader({ log }: OpeReport, header: RunHeader): string {
  const unit = header.hasUnits ? `${log.units} units` : 'each row is its own unit (--unit names a column)';
  const clip = header.clip === undefined ? 'none' : `${header.clip}`;
  const changed = Object.entries(header.changedLimits).map(([name, value]) => `${name} = ${value}`);
  const lines: [string, string][] = [
    ['log', `${header.file}: ${log.rounds} rounds, ${unit}`],
    ['policy', header.policy],
    ['estimand', 'per-decision: mean response of a decision, states as logged'],
    ['settings', `level ${header.level}, ${header.resamples} resamples, seed ${header.seed}, clip ${clip}`],
    ...(changed.length === 0
      ? []
      : ([['limits', `changed by flags: ${changed.join(', ')}`]] as [string, string][])),
  ];
  return lines.map(([name, text]) => `${name.padEnd(9)} ${text}`).join('\n');
}

function renderHealth({ health }: OpeReport): string {
  const share = (value: number) => (Number.isFinite(value) ? percent(value) : 'unknown');
  const rows = [
    ['effective sample size (units)', shortNumber(health.effectiveSampleSize)],
    ['mean weight (should be 1)', withError(health.meanWeight, health.meanWeightStandardError)],
    ['largest weight', shortNumber(health.maxWeight)],
    ['largest share of one unit', share(health.maxWeightShare)],
    ['clipped rows', share(health.clippedFraction)],
    ['policy on unseen actions', share(health.unsupportedFraction)],
    ['rows with propensity < 0.01', share(health.smallPropensityFraction)],
    [
      'mean 1/propensity (actions)',
      `${shortNumber(health.meanInversePropensity)} (${shortNumber(health.meanSupportedActions)})`,
    ],
  ];
  return table(['health', ''], rows);
}

const withError = (value: number, error: number): string =>
  `${shortNumber(value)} (se ${shortNumber(error)})`;

function renderEstimates(estimates: readonly Estimate[], level: number): string {
  const intervalOf = (estimate: Estimate, method: string): string => {
    const interval = estimate.intervals.find((i) => i.method === method);
    return interval === undefined ? '–' : `[${digits(interval.lower)}, ${digits(interval.upper)}]`;
  };
  const of = `${Number((level * 100).toPrecision(6))} %`;
  return table(
    ['response', 'estimator', 'value', 'std. error', `${of} bootstrap`, `${of} normal`, 'warnings'],
    estimates.map((estimate) => [
      estimate.response,
      estimate.estimator + (estimate.clip === undefined ? '' : ` (clip ${estimate.clip})`),
      digits(estimate.value),
      digits(estimate.standardError),
      intervalOf(estimate, 'bootstrap-percentile'),
      intervalOf(estimate, 'delta-normal'),
      estimate.warnings.length === 0
        ? 'none'
        : [...new Set(estimate.warnings.map(({ code }) => code))].join(', '),
    ]),
  );
}

const digits = (value: number): string => (Number.isFinite(value) ? value.toPrecision(5) : 'unknown');

function renderSweep({ health }: OpeReport, estimates: readonly Estimate[]): string[] {
  if (health.clipSweep.length === 0 || estimates.length === 0) return [];
  const responses = [...new Set(estimates.map(({ response }) => response))];
  if (responses.length !== health.clipSweep[0].values.length) return [];
  const header = ['ips by clip', ...health.clipSweep.map(({ clip }) => (clip === null ? 'none' : `${clip}`))];
  return [
    table(
      header,
      responses.map((name, i) => [name, ...health.clipSweep.map(({ values }) => digits(values[i]))]),
    ),
  ];
}

function renderWarnings(estimates: readonly Estimate[]): string[] {
  const who = new Map<string, string[]>();
  for (const { response, estimator, warnings } of estimates) {
    for (const { code, reason } of warnings) {
      const text = `${code}: ${reason}`;
      who.set(text, [...(who.get(text) ?? []), `${response}/${estimator}`]);
    }
  }
  if (who.size === 0) return [];
  const lines = [...who].map(([text, names]) => `  ${text}  [${names.join(', ')}]`);
  return [['warnings', ...lines].join('\n')];
}

function renderRefusals(refusals: readonly EstimateRefusal[], isAll: boolean): string[] {
  if (refusals.length === 0) return [];
  const who = new Map<string, string[]>();
  for (const { response, estimator, refusal } of refusals) {
    const text = `${refusal.code}: ${refusal.reason}\n    needed: ${refusal.needed}`;
    who.set(text, [...(who.get(text) ?? []), `${response}/${estimator}`]);
  }
  const lines = [...who].map(([text, names]) => `  ${text}\n    for: ${names.join(', ')}`);
  return [[isAll ? 'refused: this log does not support an answer' : 'refused', ...lines].join('\n')];
}
