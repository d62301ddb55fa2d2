import {
  analyseExperiment,
  judgeMetrics,
  type AnalysisInput,
  type ExperimentResult,
  type MetricResult,
  type VariantData,
} from '../../core/experiment/analysis.ts';
import { AllotError } from '../../core/errors.ts';
import type { Cell } from '../../core/experiment/cell-statistics.ts';
import { metricVariances } from '../../core/experiment/metric-variances.ts';
import type { Experiment, Variant } from '../../core/experiment/experiment.ts';
import {
  bucketShares,
  checkHealth,
  ENOUGH_DECISIONS,
  type HealthCheck,
  type HealthInput,
} from '../../core/experiment/health.ts';
import { planOf, type ExperimentPlan } from '../../core/experiment/plan.ts';
import type { Surface } from '../../core/surface/surface.ts';
import type { Arrivals, ExperimentUnits } from '../ports/experiment-units.ts';
import type { SurfaceStore } from '../ports/stores.ts';
import { takeInUnits } from './take-in-units.ts';
import { outcomeWindowMs } from './unit-outcomes.ts';

export interface ExperimentLook extends ExperimentResult {
  readonly experiment: string;
  readonly control: string;
  readonly treatment: string;
  /** Milliseconds since the epoch; what was decided up to here was looked at. */
  readonly at: number;
  /** Units that were seen in more than one variant and therefore left out. */
  readonly multiplyAssignedUnits: number;
  /** Units that somebody put on a variant by hand; left out. */
  readonly forcedUnits: number;
  /** Delivered decisions without a complete outcome, by variant; left out and shown. */
  readonly incompleteDecisions: Readonly<Record<string, number>>;
  /** Closed units of the newest block: what the ramp waits for. */
  readonly unitsInBlock: number;
  /** Units that no look has seen; their metrics only once it is decided, free of the selection by looking. */
  readonly confirmation: { readonly units: number; readonly byMetric: readonly MetricResult[] | null };
}

export interface ExperimentAnalysis {
  /** One look per treatment of the experiment, as of now; the look itself is not stored. */
  look(tenant: string, experiment: Experiment, asOf: number): Promise<readonly ExperimentLook[]>;
}

export interface ExperimentAnalysisOptions {
  readonly surfaces: Pick<SurfaceStore, 'find'>;
  readonly experimentUnits: ExperimentUnits;
}

/** Newest decisions whose feedback is asked after, at most; fewer where all of the last window are fewer. */
const RECENT_DECISIONS = 200;

/** Looks at experiments through sums that are kept up to date: a look costs what has come since the last one. */
export function createExperimentAnalysis(options: ExperimentAnalysisOptions): ExperimentAnalysis {
  const { surfaces, experimentUnits } = options;
  return {
    async look(tenant, experiment, asOf) {
      const surface = await surfaces.find(tenant, experiment.surface);
      if (surface === undefined) {
        throw new AllotError('surface_unknown', `there is no surface ${experiment.surface}`);
      }
      const plan = planOf(experiment, surface);
      const counted = await bringUpToDate(experimentUnits, tenant, { experiment, surface, plan, asOf });
      const health = checkHealth({ experiment, plan: plan.health, now: asOf, ...counted.counts });
      const look = { experiment, plan, health, asOf, ...counted };
      const compared = treatmentsOf(experiment).map((treatment) => comparedIn(look, treatment));
      return await Promise.all(
        compared.map(async (one) => judge(one, await tunedBy(experimentUnits, tenant, one))),
      );
    },
  };
}

interface Counted {
  readonly arrivals: readonly Arrivals[];
  readonly cells: readonly Cell[];
  readonly counts: HealthCounts;
}

type HealthCounts = Omit<HealthInput, 'experiment' | 'plan' | 'now'>;

interface LookContext {
  readonly experiment: Experiment;
  readonly surface: Surface;
  readonly plan: ExperimentPlan;
  readonly asOf: number;
}

async function bringUpToDate(units: ExperimentUnits, tenant: string, context: LookContext): Promise<Counted> {
  const { experiment, asOf } = context;
  const { id } = experiment;
  await units.readArrivals(tenant, id);
  const windowMs = outcomeWindowMs(context.surface);
  // No longer back than a window: what enters now was decided just before, and must not enter without its feedback.
  const recent = await units.recentFeedback(tenant, id, {
    decidedFrom: asOf - 2 * windowMs,
    decidedUntil: asOf - windowMs,
    atLeast: ENOUGH_DECISIONS,
    limit: RECENT_DECISIONS,
  });
  const feedback = {
    decisions: recent.decisions,
    delivered: recent.withExposure,
    answered: recent.withInteraction,
  };
  const before = healthInput(experiment, [], await units.cells(tenant, id), feedback);
  const isBehind = checkHealth({ experiment, plan: context.plan.health, now: asOf, ...before }).some(
    (check) => check.name === 'outcomes' && check.state === 'failing',
  );
  // Units that entered now would enter without their outcomes, for ever: they wait until feedback has caught up.
  if (!isBehind) await takeInUnits(units, tenant, context);
  const arrivals = await units.arrivals(tenant, id);
  const cells = await units.cells(tenant, id);
  return { arrivals, cells, counts: healthInput(experiment, arrivals, cells, feedback) };
}

function healthInput(
  { variants }: Experiment,
  all: readonly Arrivals[],
  cells: readonly Cell[],
  recent: HealthCounts['recent'],
): HealthCounts {
  const arrivals = all.filter((row) => row.block !== null);
  const sum = (pick: (s: Cell['statistics']) => number, variant?: string): number =>
    total(
      cells.filter((cell) => variant === undefined || cell.variant === variant),
      (cell) => pick(cell.statistics),
    );
  return {
    variants: variants.map(({ name }) => {
      const own = arrivals.filter((row) => row.variant === name);
      return {
        assignedUnits: total(own, (row) => row.units),
        multipleUnits: total(own, (row) => row.multipleUnits),
        closedUnits: sum((s) => s.units, name),
        undeliveredUnits: sum((s) => s.undeliveredUnits, name),
        incompleteUnits: sum((s) => s.incompleteUnits, name),
      };
    }),
    lastAssignedAt: arrivals.length === 0 ? null : Math.max(...arrivals.map((row) => row.lastAt)),
    recent,
    before: {
      decisions: sum((s) => s.decisions),
      delivered: sum((s) => s.deliveredDecisions),
      answered: sum((s) => s.answeredDecisions),
    },
  };
}

interface Look extends Counted {
  readonly experiment: Experiment;
  readonly plan: ExperimentPlan;
  readonly health: readonly HealthCheck[];
  readonly asOf: number;
}

interface ComparedLook extends Look {
  readonly control: Variant;
  readonly treatment: Variant;
  readonly sides: Sides;
  /** The same of the units that no look has seen. */
  readonly confirming: Sides;
}

interface Sides {
  readonly control: VariantData;
  readonly treatment: VariantData;
}

function comparedIn(look: Look, treatment: Variant): ComparedLook {
  const { experiment, arrivals, cells } = look;
  const control = experiment.variants.find((variant) => variant.role === 'control');
  if (control === undefined) {
    throw new AllotError('state_conflict', `experiment ${experiment.id} has no control variant`);
  }
  const dataOf = (variant: Variant, isHeldOut: boolean): VariantData => ({
    name: variant.name,
    share: shareOf(experiment, variant, [control, treatment]),
    assignedUnits: total(arrivals, (row) =>
      row.variant === variant.name && row.block !== null ? row.units : 0,
    ),
    cells: cells.filter((cell) => cell.variant === variant.name && cell.isHeldOut === isHeldOut),
  });
  const both = (isHeldOut: boolean): Sides => ({
    control: dataOf(control, isHeldOut),
    treatment: dataOf(treatment, isHeldOut),
  });
  return { ...look, control, treatment, sides: both(false), confirming: both(true) };
}

/** What mSPRT is tuned to; this look's own where it is the first that can tell. */
async function tunedBy(
  units: ExperimentUnits,
  tenant: string,
  { experiment, plan, treatment, sides }: ComparedLook,
): Promise<Pick<AnalysisInput, 'variances'>> {
  if (plan.method !== 'msprt') return {};
  const now = metricVariances({ plan, ...sides });
  return { variances: await units.keepVariances(tenant, experiment.id, treatment.name, now) };
}

function judge(look: ComparedLook, tuned: Pick<AnalysisInput, 'variances'>): ExperimentLook {
  const { experiment, plan, health, arrivals, cells, asOf, control, treatment } = look;
  const { level } = experiment;
  const newest = experiment.blocks.at(-1)?.index;
  return {
    ...analyseExperiment({ plan, level, health, ...look.sides, ...tuned }),
    experiment: experiment.id,
    control: control.name,
    treatment: treatment.name,
    at: asOf,
    multiplyAssignedUnits: total(arrivals, (row) => row.multipleUnits),
    forcedUnits: total(arrivals, (row) => (row.block === null ? row.units : 0)),
    incompleteDecisions: Object.fromEntries(
      experiment.variants.map(({ name }) => [
        name,
        total(cells, (cell) => (cell.variant === name ? cell.statistics.incompleteDecisions : 0)),
      ]),
    ),
    unitsInBlock: total(cells, (cell) => (cell.block === newest ? cell.statistics.units : 0)),
    confirmation: {
      units: total(cells, (cell) => (cell.isHeldOut ? cell.statistics.units : 0)),
      byMetric:
        experiment.decision === undefined || plan.confirmationShare === 0
          ? null
          : judgeMetrics({ plan, level, ...look.confirming, ...tuned }),
    },
  };
}

/** Of the units of these two: blocks are split evenly, but for a bucket. */
function shareOf(experiment: Experiment, variant: Variant, pair: readonly Variant[]): number {
  const shares = bucketShares(experiment);
  const of = ({ name }: Variant): number => shares[experiment.variants.findIndex((v) => v.name === name)];
  return of(variant) / total(pair, of);
}

const treatmentsOf = (experiment: Experiment): readonly Variant[] =>
  experiment.variants.filter((variant) => variant.role === 'treatment');

const total = <T>(rows: readonly T[], pick: (row: T) => number): number =>
  rows.reduce((sum, row) => sum + pick(row), 0);
