import type { Answer, EstimateAnswer, OpeResult } from '../../../offline/ope/ope-result.ts';
import { isRefusal, type EstimateRefusal, type HealthRecord } from '../../core/ope/report.ts';
import { percent, shortNumber } from '../../core/ope/trouble.ts';
import { table } from '../output.ts';
import { renderEstimates, renderIntervalRefusals } from './render-estimates.ts';
import { renderDistribution, renderGroups, renderPlan, renderSelfTest } from './render-extras.ts';

/** The result for a person: log, health, estimates with intervals, then every warning and refusal once. */
export function renderResult(result: OpeResult, html?: string): string {
  const { estimates, differences } = result;
  const answered = estimates.filter((e): e is EstimateAnswer => !isRefusal(e));
  const compared = (differences?.estimates ?? []).filter((e): e is EstimateAnswer => !isRefusal(e));
  const { level } = result.settings;
  return [
    renderHeader(result),
    ...renderHealths(result),
    ...(answered.length > 0 ? [renderEstimates(answered, level)] : []),
    ...renderSweep(result, answered),
    ...(compared.length > 0
      ? [`difference to ${differences?.against}\n${renderEstimates(compared, level)}`]
      : []),
    ...renderGroups(result),
    ...renderDistribution(result),
    ...renderSelfTest(result),
    ...renderPlan(result),
    ...renderIntervalRefusals([...answered, ...compared]),
    ...renderWarnings([...answered, ...compared]),
    ...renderRefusals(estimates, differences?.estimates ?? []),
    ...(html === undefined ? [] : [`report: ${html}`]),
  ].join('\n\n');
}

const estimandTexts = {
  'per-decision': 'per-decision: mean response of a decision, states as logged',
  'per-session': 'per-session: mean discounted return of a session',
  'per-unit': 'per-unit: total response of a unit',
} as const;

function renderHeader({ log, source, settings, estimates }: OpeResult): string {
  const self = log.sessions === undefined ? 'row' : 'session';
  const unit = source.hasUnits
    ? `${log.units} units`
    : `each ${self} is its own unit (--unit names a column)`;
  const sessions =
    log.sessions === undefined ? '' : `, ${log.sessions} sessions of at most ${log.longestSession} steps`;
  const estimands = [...new Set(estimates.flatMap((e) => (isRefusal(e) ? [] : [e.estimand])))];
  const { level, resamples, seed, changedLimits, clip } = settings;
  const changed = Object.entries(changedLimits).map(([name, value]) => `${name} = ${value}`);
  const versions = source.behaviorVersions ?? [];
  const pooling = settings.pooling ?? 'naive';
  const lines: [string, string][] = [
    ['log', `${source.name}: ${log.rounds} rounds, ${unit}${sessions}`],
    ['policy', source.policy],
    ...(versions.length > 1
      ? [['versions', `${versions.join(', ')} (${pooling} pooling)`] as [string, string]]
      : []),
    ...(estimands.length === 0 ? (['per-decision'] as const) : estimands).map((id): [string, string] => [
      'estimand',
      estimandTexts[id],
    ]),
    ['settings', `level ${level}, ${resamples} resamples, seed ${seed}, clip ${clip ?? 'none'}`],
    ...(changed.length === 0
      ? []
      : ([['limits', `changed by flags: ${changed.join(', ')}`]] as [string, string][])),
  ];
  return lines.map(([name, text]) => `${name.padEnd(9)} ${text}`).join('\n');
}

function renderHealths({ health, stepHealth }: OpeResult): string[] {
  if (stepHealth === undefined) return [renderHealth(health, 'health')];
  return [renderHealth(health, 'health of sessions'), renderHealth(stepHealth, 'health of decisions')];
}

function renderHealth(health: HealthRecord, title: string): string {
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
  return table([title, ''], rows);
}

const withError = (value: number, error: number): string =>
  `${shortNumber(value)} (se ${shortNumber(error)})`;

function renderSweep({ health, stepHealth }: OpeResult, estimates: readonly EstimateAnswer[]): string[] {
  const { clipSweep } = stepHealth ?? health;
  if (clipSweep.length === 0 || estimates.length === 0) return [];
  const responses = [...new Set(estimates.map(({ response }) => response))];
  if (responses.length !== clipSweep[0].values.length) return [];
  const header = ['ips by clip', ...clipSweep.map(({ clip }) => (clip === null ? 'none' : `${clip}`))];
  const digits = (value: number): string => (Number.isFinite(value) ? value.toPrecision(5) : 'unknown');
  const rows = responses.map((name, i) => [name, ...clipSweep.map(({ values }) => digits(values[i]))]);
  return [table(header, rows)];
}

function renderWarnings(estimates: readonly EstimateAnswer[]): string[] {
  const who = new Map<string, Set<string>>();
  for (const { response, estimator, warnings } of estimates) {
    for (const { code, reason } of warnings) {
      const text = `${code}: ${reason}`;
      who.set(text, (who.get(text) ?? new Set()).add(`${response}/${estimator}`));
    }
  }
  if (who.size === 0) return [];
  const lines = [...who].map(([text, names]) => `  ${text}  [${[...names].join(', ')}]`);
  return [['warnings', ...lines].join('\n')];
}

function renderRefusals(estimates: readonly Answer[], differences: readonly Answer[]): string[] {
  const refusals = [...estimates, ...differences].filter((e): e is EstimateRefusal => isRefusal(e));
  if (refusals.length === 0) return [];
  const who = new Map<string, Set<string>>();
  for (const { response, estimator, refusal } of refusals) {
    const text = `${refusal.code}: ${refusal.reason}\n    needed: ${refusal.needed}`;
    who.set(text, (who.get(text) ?? new Set()).add(`${response}/${estimator}`));
  }
  const lines = [...who].map(([text, names]) => `  ${text}\n    for: ${[...names].join(', ')}`);
  const isAll = estimates.every(isRefusal);
  return [[isAll ? 'refused: this log does not support an answer' : 'refused', ...lines].join('\n')];
}
