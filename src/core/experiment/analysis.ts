import { estimateEffect, type Effect, type IntervalEstimate } from './effect.ts';
import type { VerdictState } from './experiment.ts';
import { metricState, type MetricRule } from './metric-state.ts';
import type { RatioStatistics } from './ratio-statistics.ts';
import { checkSampleRatio, type SampleRatioCheck } from './sample-ratio.ts';

export interface MetricSpec {
  readonly name: string;
  readonly role: 'main' | 'guardrail';
  readonly rule: MetricRule;
}

export interface AnalysisInput {
  readonly metrics: readonly MetricSpec[];
  readonly control: VariantData;
  readonly treatment: VariantData;
  /** 1 − α: the main response spends α, all guardrails together another α. */
  readonly level: number;
  readonly minUnits: number;
  /** n*: the number of units at which the sequences are tightest. */
  readonly tunedAt: number;
  readonly sampleRatioAlpha: number;
}

export interface VariantData {
  readonly name: string;
  /** Declared share of the units of this comparison. */
  readonly share: number;
  /** Every unit ever assigned, its window closed or not: what the sample ratio looks at. */
  readonly assignedUnits: number;
  /** By metric, over units whose outcome window has closed; no entry: no data. */
  readonly statistics: ReadonlyMap<string, RatioStatistics>;
}

export interface MetricResult {
  readonly name: string;
  readonly role: 'main' | 'guardrail';
  readonly state: VerdictState;
  readonly reason: string;
  readonly control: { readonly value: number; readonly standardError: number; readonly units: number } | null;
  readonly treatment: {
    readonly value: number;
    readonly standardError: number;
    readonly units: number;
  } | null;
  /** Treatment minus control. */
  readonly effect: IntervalEstimate | null;
}

export interface ExperimentResult {
  readonly verdict: VerdictState;
  readonly reasons: readonly string[];
  readonly estimand: 'per-decision';
  /** Of the main response. */
  readonly effect: IntervalEstimate | null;
  readonly byMetric: readonly MetricResult[];
  /** Units whose outcome window has closed, by variant. */
  readonly units: Readonly<Record<string, number>>;
  readonly assignedUnits: Readonly<Record<string, number>>;
  readonly sampleRatio: SampleRatioCheck;
}

/**
 * One look at an experiment, valid however often one looks.
 *
 *     verdict = inconclusive (blocked)  when the sample ratio is off,
 *               fail                    when any metric is proven bad,
 *               pass                    when every metric is proven good,
 *               no data                 when the main response has none,
 *               inconclusive            otherwise.
 *
 * Error budget: α = 1 − level for the main response; α / (number of guardrails) for each guardrail, so that the
 * chance of one false alarm among all of them, ever, is at most α.
 */
export function analyseExperiment(input: AnalysisInput): ExperimentResult {
  const { control, treatment } = input;
  const sampleRatio = checkSampleRatio(
    [control.assignedUnits, treatment.assignedUnits],
    [control.share, treatment.share],
    input.sampleRatioAlpha,
  );
  const byMetric = input.metrics.map((metric) => judgeMetric(metric, input));
  const main = byMetric.find((metric) => metric.role === 'main');
  return {
    ...overall(byMetric, main, sampleRatio),
    estimand: 'per-decision',
    effect: main?.effect ?? null,
    byMetric,
    units: { [control.name]: closedUnits(control), [treatment.name]: closedUnits(treatment) },
    assignedUnits: { [control.name]: control.assignedUnits, [treatment.name]: treatment.assignedUnits },
    sampleRatio,
  };
}

function judgeMetric(metric: MetricSpec, input: AnalysisInput): MetricResult {
  const effect = effectOf(metric, input);
  const { state, reason } = metricState(metric.rule, effect);
  return {
    name: metric.name,
    role: metric.role,
    state,
    reason,
    control: effect === null ? null : summary(effect.control),
    treatment: effect === null ? null : summary(effect.treatment),
    effect: effect?.difference ?? null,
  };
}

function effectOf(metric: MetricSpec, input: AnalysisInput): Effect | null {
  const control = input.control.statistics.get(metric.name);
  const treatment = input.treatment.statistics.get(metric.name);
  if (control === undefined || treatment === undefined) return null;
  const guardrails = input.metrics.filter((m) => m.role === 'guardrail').length;
  const alpha = (1 - input.level) / (metric.role === 'main' ? 1 : guardrails);
  return estimateEffect(control, treatment, { alpha, tunedAt: input.tunedAt, minUnits: input.minUnits });
}

function overall(
  metrics: readonly MetricResult[],
  main: MetricResult | undefined,
  sampleRatio: SampleRatioCheck,
): { readonly verdict: VerdictState; readonly reasons: readonly string[] } {
  const reasons = metrics.map((m) => `${m.name}: ${m.state} (${m.reason})`);
  if (sampleRatio.state === 'mismatch') {
    const counts = sampleRatio.observed.join(' : ');
    return {
      verdict: 'inconclusive',
      reasons: [`blocked: sample ratio mismatch (units ${counts})`, ...reasons],
    };
  }
  if (metrics.some((m) => m.state === 'fail')) return { verdict: 'fail', reasons };
  if (main === undefined || main.state === 'no data') return { verdict: 'no data', reasons };
  return { verdict: metrics.every((m) => m.state === 'pass') ? 'pass' : 'inconclusive', reasons };
}

const closedUnits = (variant: VariantData): number =>
  Math.max(0, ...[...variant.statistics.values()].map((s) => s.units));

const summary = (e: { readonly value: number; readonly standardError: number; readonly units: number }) => ({
  value: e.value,
  standardError: e.standardError,
  units: e.units,
});
