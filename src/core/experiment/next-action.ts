import type { ExperimentResult } from './analysis.ts';
import type { Experiment, RampBlock, VerdictState } from './experiment.ts';
import type { ExperimentPlan } from './plan.ts';
import { blockUpTo, rampState } from './ramp.ts';

/** What the controller does after a look; `wait` and `hold` change nothing. */
export type ExperimentAction =
  | { readonly kind: 'wait'; readonly reason: string }
  | { readonly kind: 'hold'; readonly reason: string }
  | { readonly kind: 'pause'; readonly reason: string }
  | { readonly kind: 'roll-back'; readonly reason: string }
  | { readonly kind: 'decide'; readonly verdict: VerdictState; readonly reason: string }
  | { readonly kind: 'ramp'; readonly openBlock: RampBlock; readonly reason: string };

export interface LookSummary extends Pick<ExperimentResult, 'verdict' | 'health' | 'byMetric' | 'isBlocked'> {
  readonly treatment: string;
}

export interface ActionInput {
  readonly experiment: Experiment;
  readonly plan: ExperimentPlan;
  /** One per treatment. */
  readonly looks: readonly LookSummary[];
  readonly now: number;
  /** Closed units of the newest block, and of all. */
  readonly unitsInBlock: number;
  readonly closedUnits: number;
}

/**
 * Health first, then safety, then signals, then the verdict, then the ramp: a broken split says nothing about the metrics, and
 * nothing is widened that is about to be taken back.
 */
export function nextAction(input: ActionInput): ExperimentAction {
  const { experiment, plan, looks } = input;
  if (experiment.state !== 'running' && experiment.state !== 'decided') {
    return { kind: 'wait', reason: `it is ${experiment.state}` };
  }
  const unhealthy = looks.flatMap((look) => look.health.filter((check) => check.state === 'failing'));
  if (unhealthy.length > 0) {
    const reason = [...new Set(unhealthy.map((check) => `${check.name}: ${check.reason}`))].join('; ');
    return { kind: plan.health.onFailure, reason };
  }
  const failed = metricsIn(looks, 'fail', ['main', 'guardrail']);
  if (failed.length > 0) return { kind: 'roll-back', reason: failed.join('; ') };
  if (experiment.state === 'decided') return { kind: 'wait', reason: 'decided: promote or stop it' };
  const signals = metricsIn(looks, 'fail', ['signal']);
  if (signals.length > 0) return { kind: 'pause', reason: signals.join('; ') };
  return decision(input) ?? ramp(input);
}

function metricsIn(
  looks: readonly LookSummary[],
  state: VerdictState,
  roles: readonly string[],
): readonly string[] {
  return looks.flatMap(({ treatment, byMetric }) =>
    byMetric
      .filter((metric) => metric.state === state && roles.includes(metric.role))
      .map((metric) => `${treatment}: ${metric.name} is proven bad: ${metric.reason}`),
  );
}

function decision({ plan, looks, closedUnits }: ActionInput): ExperimentAction | null {
  if (looks.length > 0 && looks.every((look) => look.verdict === 'pass')) {
    return { kind: 'decide', verdict: 'pass', reason: 'main and every guardrail are proven good' };
  }
  if (plan.horizonUnits === null || closedUnits < plan.horizonUnits) return null;
  const units = `${String(closedUnits)} of ${String(plan.horizonUnits)} units`;
  return { kind: 'decide', verdict: 'inconclusive', reason: `the horizon is reached: ${units}` };
}

function ramp({ experiment, plan, now, unitsInBlock }: ActionInput): ExperimentAction {
  const state = rampState(plan.ramp, experiment, { now, unitsInBlock });
  if (state.kind === 'complete') return { kind: 'wait', reason: 'the verdict is open' };
  if (state.kind === 'waiting') return { kind: 'wait', reason: state.reason };
  const openBlock = blockUpTo(experiment.blocks, state.next.trafficShare, now);
  if (openBlock === null) return { kind: 'wait', reason: 'the verdict is open' };
  const share = `${String(100 * state.next.trafficShare)} %`;
  return { kind: 'ramp', openBlock, reason: `healthy: on to ${share} of the units` };
}
