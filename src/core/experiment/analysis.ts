import type { Cell } from './cell-statistics.ts';
import { differenceOf, intervalOf, type Effect, type IntervalEstimate } from './effect.ts';
import type { VerdictState } from './experiment.ts';
import type { HealthCheck } from './health.ts';
import { metricContrast } from './metric-contrast.ts';
import { metricState } from './metric-state.ts';
import { testMethods, variancesOf, type MetricVariances } from './test-methods.ts';
import type { ExperimentPlan, PlannedMetric } from './plan.ts';
import { checkSampleRatio, type SampleRatioCheck } from './sample-ratio.ts';
import type { ArmEstimate, Contrast } from './statistics/contrast.ts';
import { splitErrorBudget } from './statistics/error-budget.ts';
import type { Moments } from './statistics/moments.ts';
import type { RelativeEffect } from './statistics/relative-effect.ts';

export interface AnalysisInput {
  readonly plan: ExperimentPlan;
  readonly control: VariantData;
  readonly treatment: VariantData;
  /** 1 − α: the main response spends α, all guardrails together another α, and so do all signals. */
  readonly level: number;
  /** A failing check blocks the verdict. */
  readonly health: readonly HealthCheck[];
  /** By metric, as they were at the first look that could tell; only `msprt` asks for them. Left out: as they are now. */
  readonly variances?: Readonly<Record<string, MetricVariances>>;
}

export interface VariantData {
  readonly name: string;
  /** Declared share of the units of this comparison. */
  readonly share: number;
  /** Every unit ever assigned, its window closed or not: what the sample ratio looks at. */
  readonly assignedUnits: number;
  /** Sums of the units that have entered. */
  readonly cells: readonly Cell[];
}

export interface MetricResult {
  readonly name: string;
  readonly role: PlannedMetric['role'];
  readonly state: VerdictState;
  readonly reason: string;
  readonly control: ArmEstimate | null;
  readonly treatment: ArmEstimate | null;
  /** Treatment minus control. */
  readonly effect: IntervalEstimate | null;
  /** As a share of control; null where control is not proven above 0. */
  readonly relative: RelativeEffect | null;
}

export interface ExperimentResult {
  readonly verdict: VerdictState;
  readonly reasons: readonly string[];
  readonly isBlocked: boolean;
  readonly estimand: ExperimentPlan['estimand'];
  /** Of the main response. */
  readonly effect: IntervalEstimate | null;
  readonly byMetric: readonly MetricResult[];
  /** Units whose outcome window has closed, by variant. */
  readonly units: Readonly<Record<string, number>>;
  readonly assignedUnits: Readonly<Record<string, number>>;
  readonly sampleRatio: SampleRatioCheck;
  readonly health: readonly HealthCheck[];
}

/**
 * One look at an experiment, valid however often one looks.
 *
 *     verdict = inconclusive (blocked)  while a health check fails,
 *               fail                    when main or a guardrail is proven bad,
 *               pass                    when main and every guardrail are proven good,
 *               no data                 when the main response has none,
 *               inconclusive            otherwise.
 *
 * Units are compared within their block and day of first assignment. Error budget: α = 1 − level for main; the guardrails
 * split another α by their weights, so the chance of one false rollback among all of them, ever, is at most α. Signals
 * never make a verdict.
 */
export function analyseExperiment(input: AnalysisInput): ExperimentResult {
  const { control, treatment, plan, health } = input;
  const counts = [control.assignedUnits, treatment.assignedUnits];
  const sampleRatio = checkSampleRatio(counts, [control.share, treatment.share], plan.health.alpha);
  const byMetric = judgeMetrics(input);
  const main = byMetric.find((metric) => metric.role === 'main');
  return {
    ...overall(byMetric, [...ratioCheck(sampleRatio), ...health]),
    estimand: plan.estimand,
    effect: main?.effect ?? null,
    byMetric,
    units: { [control.name]: closedUnits(control), [treatment.name]: closedUnits(treatment) },
    assignedUnits: { [control.name]: control.assignedUnits, [treatment.name]: treatment.assignedUnits },
    sampleRatio,
    health,
  };
}

/** Every metric on the given units, in the order of the plan. */
export function judgeMetrics(
  input: Pick<AnalysisInput, 'plan' | 'control' | 'treatment' | 'level' | 'variances'>,
): readonly MetricResult[] {
  const { metrics } = input.plan;
  const alphaOf = new Map<string, number>();
  for (const role of ['main', 'guardrail', 'signal'] as const) {
    const lines = metrics.flatMap((m) => (m.role === role ? [{ name: m.name, weight: m.budget }] : []));
    if (lines.length === 0) continue;
    for (const [name, alpha] of splitErrorBudget(1 - input.level, lines))
      alphaOf.set(`${role} ${name}`, alpha);
  }
  return metrics.map((metric) =>
    judgeMetric(metric, input, alphaOf.get(`${metric.role} ${metric.name}`) ?? 0),
  );
}

function judgeMetric(
  metric: PlannedMetric,
  input: Pick<AnalysisInput, 'plan' | 'control' | 'treatment' | 'variances'>,
  alpha: number,
): MetricResult {
  const found = metricContrast(metric.name, input);
  const fixed = input.variances?.[metric.name];
  const effect = found === null ? null : effectOf(found, input.plan, alpha, fixed);
  return {
    name: metric.name,
    role: metric.role,
    ...metricState(metric.rule, effect),
    control: effect === null ? null : (found?.control ?? null),
    treatment: effect === null ? null : (found?.treatment ?? null),
    effect: effect?.difference ?? null,
    relative: effect?.relative ?? null,
  };
}

/** null: mSPRT has seen no spread yet, so there is nothing that it could be tuned to. */
function effectOf(
  found: Contrast,
  plan: ExperimentPlan,
  alpha: number,
  fixed: MetricVariances | undefined,
): Effect | null {
  const { control, treatment, degrees } = found;
  const methods = testMethods(plan, fixed ?? variancesOf(found), alpha);
  if (methods === null) return null;
  const { difference, relative } = differenceOf(found, { alpha, method: methods.difference });
  return {
    control: { ...control, decisions: 0 },
    treatment: { ...treatment, decisions: 0 },
    difference,
    relative,
    level: intervalOf({ ...treatment, degrees }, { alpha, method: methods.level }),
  };
}

/** Where the checks have not named it already (they look at all variants at once). */
const ratioCheck = ({ state, observed }: SampleRatioCheck): readonly HealthCheck[] =>
  state === 'mismatch'
    ? [
        {
          name: 'sample-ratio',
          state: 'failing',
          reason: `sample ratio mismatch (units ${observed.join(' : ')})`,
        },
      ]
    : [];

function overall(
  metrics: readonly MetricResult[],
  health: readonly HealthCheck[],
): Pick<ExperimentResult, 'verdict' | 'reasons' | 'isBlocked'> {
  const reasons = metrics.map((m) => `${m.name}: ${m.state} (${m.reason})`);
  const failing = health.filter((check) => check.state === 'failing');
  if (failing.length > 0) {
    const blocked = failing.map((check) => `blocked: ${check.name}, ${check.reason}`);
    return { verdict: 'inconclusive', reasons: [...blocked, ...reasons], isBlocked: true };
  }
  const judged = metrics.filter((m) => m.role !== 'signal');
  const main = judged.find((m) => m.role === 'main');
  const all = { reasons, isBlocked: false };
  if (judged.some((m) => m.state === 'fail')) return { verdict: 'fail', ...all };
  if (main === undefined || main.state === 'no data') return { verdict: 'no data', ...all };
  return { verdict: judged.every((m) => m.state === 'pass') ? 'pass' : 'inconclusive', ...all };
}

const closedUnits = (variant: VariantData): number =>
  variant.cells.reduce((sum, { statistics }) => {
    const [first] = Object.values(statistics.metrics);
    return sum + ((first as Moments | undefined)?.units ?? 0);
  }, 0);
