import type { Experiment } from './experiment.ts';
import type { MetricRule } from './metric-state.ts';
import { surfaceMetrics } from './surface-metrics.ts';
import type { SequentialMethod } from './test-methods.ts';
import type { Surface } from '../surface/surface.ts';

/** What an experiment was declared to look at and to do; frozen when it starts. */
export interface ExperimentPlan {
  /** null: the first block is all, or a person widens it. */
  readonly ramp: RampPlan | null;
  /** In this order in every look; exactly one is main. */
  readonly metrics: readonly PlannedMetric[];
  readonly estimand: 'per-decision' | 'per-unit';
  /** Absent in plans of before it could be chosen: the confidence sequence. */
  readonly method?: SequentialMethod;
  /** Units per variant below which there is no interval. */
  readonly minUnits: number;
  /** n*: units of both variants together at which the intervals are tightest. */
  readonly tunedAtUnits: number;
  /** Closed units of both variants together at which it is decided, whatever the verdict; null: it may run for ever. */
  readonly horizonUnits: number | null;
  /** Known before first assignment; variance that it explains is taken out (CUPED). */
  readonly covariate: Covariate | null;
  /** Share of units that no look sees until the decision: their effect is free of its selection. */
  readonly confirmationShare: number;
  readonly health: HealthPlan;
  /** A second key must agree before it starts and before its treatment is promoted. */
  readonly isApprovalNeeded: boolean;
}

export interface RampPlan {
  readonly steps: readonly RampStep[];
}

export interface RampStep {
  /** Of all units outside the holdout, rising. */
  readonly trafficShare: number;
  /** Before the next step may open. */
  readonly minSeconds: number;
  /** Of this step's block, with a closed window, before the next step may open. */
  readonly minUnits: number;
}

/**
 * `guardrail`: a violation rolls back. `signal`: a violation only pauses, for a person to look; it spends no part of the
 * guardrails' error budget.
 */
export interface PlannedMetric {
  readonly name: string;
  readonly role: 'main' | 'guardrail' | 'signal';
  readonly source: 'share-of-actions' | { readonly response: string };
  readonly rule: MetricRule;
  /** Part of its role's α, relative to the others'; 1 unless declared. */
  readonly budget: number;
  /** A unit's total is cut here, where declared (winsorising, fixed beforehand). */
  readonly winsorAt: number | null;
}

export type Covariate =
  | { readonly kind: 'feature'; readonly feature: string }
  /** The unit's mean response over this long before its first assignment. */
  | { readonly kind: 'response'; readonly response: string; readonly days: number };

export interface HealthPlan {
  /** While a check fails the verdict is blocked; the ramp holds, or everything goes back to control. */
  readonly onFailure: 'hold' | 'roll-back';
  /** No new unit for this long is a failure. */
  readonly noTrafficSeconds: number;
  /** Of each check that is a test, over all looks. */
  readonly alpha: number;
}

export const DEFAULT_HEALTH: HealthPlan = {
  onFailure: 'hold',
  noTrafficSeconds: 3600,
  alpha: 0.001,
};

/** 1-5-10-25-50 %: above that there is no control of equal size left; the holdout measures what comes then. */
export const defaultRamp = (minSeconds = 86_400, minUnits = 200): RampPlan => ({
  steps: [0.01, 0.05, 0.1, 0.25, 0.5].map((trafficShare) => ({ trafficShare, minSeconds, minUnits })),
});

/** What the surface says: its main response, its guarded auxiliaries, its constraints. */
export const defaultMetrics = (surface: Surface): readonly PlannedMetric[] =>
  surfaceMetrics(surface).map((metric) => ({ ...metric, budget: 1, winsorAt: null }));

/** A plan as it may have been stored: `confirmationShare` had another name once. */
type StoredPlan = ExperimentPlan & { readonly heldOutShare?: number };

const renamed = ({ heldOutShare, ...plan }: StoredPlan): ExperimentPlan =>
  heldOutShare === undefined ? plan : { ...plan, confirmationShare: heldOutShare };

/** The plan of an experiment; one of before there were plans is judged by what its surface says. */
export const planOf = (experiment: Experiment, surface: Surface): ExperimentPlan =>
  experiment.plan === undefined ? unplanned(surface) : renamed(experiment.plan);

const unplanned = (surface: Surface): ExperimentPlan => ({
  ramp: null,
  metrics: defaultMetrics(surface),
  estimand: 'per-decision',
  minUnits: 100,
  tunedAtUnits: 2000,
  horizonUnits: null,
  covariate: null,
  confirmationShare: 0,
  health: DEFAULT_HEALTH,
  isApprovalNeeded: false,
});
