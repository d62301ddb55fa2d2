import { analyseExperiment, type ExperimentResult } from '../../core/experiment/analysis.ts';
import type { Experiment, Variant } from '../../core/experiment/experiment.ts';
import { surfaceMetrics, type SurfaceMetric } from '../../core/experiment/surface-metrics.ts';
import { AllotError } from '../../core/errors.ts';
import { joinResponses } from '../../core/feedback/join.ts';
import { SESSION_CLOSED, type Surface } from '../../core/surface/surface.ts';
import type { DecisionReader, DecisionRecord, SurfaceStore } from '../ports/stores.ts';
import { unitOutcome } from './unit-outcomes.ts';
import { createVariantTally, type VariantTally } from './variant-tally.ts';

export interface ExperimentLook extends ExperimentResult {
  readonly experiment: string;
  readonly control: string;
  readonly treatment: string;
  /** Milliseconds since the epoch; what was decided up to here was looked at. */
  readonly at: number;
  /** Units that were seen in more than one variant and therefore left out. */
  readonly multiplyAssignedUnits: number;
  /** Delivered decisions without a complete outcome, by variant; left out and shown. */
  readonly incompleteDecisions: Readonly<Record<string, number>>;
}

export interface ExperimentAnalysis {
  /** One look per treatment of the experiment, as of now; nothing is stored. */
  look(tenant: string, experiment: Experiment, asOf: number): Promise<readonly ExperimentLook[]>;
}

export interface ExperimentAnalysisOptions {
  readonly surfaces: Pick<SurfaceStore, 'find'>;
  readonly decisions: Pick<DecisionReader, 'stream'>;
}

/** Units per variant below which the limit theorem behind the intervals has not begun. */
const MIN_UNITS = 100;
/** Units of both variants together at which the sequences are tightest; fixed, so that no look can choose it. */
const TUNED_AT_UNITS = 2000;
const SAMPLE_RATIO_ALPHA = 0.001;

/** Looks at experiments through the decision reader; memory grows with one unit's records, not with the log. */
export function createExperimentAnalysis(options: ExperimentAnalysisOptions): ExperimentAnalysis {
  return {
    async look(tenant, experiment, asOf) {
      const surface = await options.surfaces.find(tenant, experiment.surface);
      if (surface === undefined) {
        throw new AllotError('surface_unknown', `there is no surface ${experiment.surface}`);
      }
      const metrics = surfaceMetrics(surface);
      const tally = createVariantTally(metrics);
      const from = Math.min(asOf, ...experiment.blocks.map((block) => block.openedAt));
      const records = options.decisions.stream({ tenant, surface: surface.name, from, until: asOf });
      for await (const unit of unitsOf(experiment.id, records)) {
        tally.add(unitOutcome(unit, { surface, metrics, asOf, join: joinerOf(surface, unit, asOf) }));
      }
      return treatmentsOf(experiment).map((treatment) => judge(experiment, treatment, metrics, tally, asOf));
    },
  };
}

const treatmentsOf = (experiment: Experiment): readonly Variant[] =>
  experiment.variants.filter((variant) => variant.role === 'treatment');

function judge(
  experiment: Experiment,
  treatment: Variant,
  metrics: readonly SurfaceMetric[],
  tally: VariantTally,
  at: number,
): ExperimentLook {
  const control = experiment.variants.find((variant) => variant.role === 'control');
  if (control === undefined) {
    throw new AllotError('state_conflict', `experiment ${experiment.id} has no control variant`);
  }
  const result = analyseExperiment({
    metrics,
    // Blocks are split evenly, so within one comparison both sides have the same share.
    control: { ...tally.of(control.name), share: 0.5 },
    treatment: { ...tally.of(treatment.name), share: 0.5 },
    level: experiment.level,
    minUnits: MIN_UNITS,
    tunedAt: TUNED_AT_UNITS,
    sampleRatioAlpha: SAMPLE_RATIO_ALPHA,
  });
  return {
    ...result,
    experiment: experiment.id,
    control: control.name,
    treatment: treatment.name,
    at,
    multiplyAssignedUnits: tally.multiplyAssignedUnits(),
    incompleteDecisions: tally.incompleteDecisions(),
  };
}

/** Groups the stream, which comes in (unit, decidedAt) order, into the experiment's units. */
async function* unitsOf(
  experimentId: string,
  records: AsyncIterable<DecisionRecord>,
): AsyncGenerator<readonly DecisionRecord[]> {
  let unit: DecisionRecord[] = [];
  for await (const record of records) {
    if (record.decision.experiment !== experimentId || record.decision.variant === null) continue;
    if (unit.length > 0 && unit[0].decision.unitId !== record.decision.unitId) {
      yield unit;
      unit = [];
    }
    unit.push(record);
  }
  if (unit.length > 0) yield unit;
}

function joinerOf(surface: Surface, unit: readonly DecisionRecord[], asOf: number) {
  const closedSessions = new Set(
    unit
      .filter((record) => record.interactions.some((interaction) => interaction.type === SESSION_CLOSED))
      .map((record) => record.decision.sessionId),
  );
  return (record: DecisionRecord) => {
    const { sessionId } = record.decision;
    const isSessionClosed = sessionId !== null && closedSessions.has(sessionId);
    return { ...joinResponses(surface, record, asOf, isSessionClosed), decision: record.decision };
  };
}
