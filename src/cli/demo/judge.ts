import type { RunView } from '../../client/client.ts';
import { isRefusal, type Estimate, type EstimateRefusal, type HealthRecord } from '../../core/ope/report.ts';
import type { GateVerdict } from '../../core/ope/gate-verdict.ts';
import type { DemoContext } from './context.ts';
import type { Candidate, DemoSnapshot } from './learn.ts';
import { runJobs } from './run-jobs.ts';
import type { CandidateSummary, ValueWithInterval } from './summary.ts';

/** The parts of an evaluation run's result that the summary shows. */
interface Evaluation {
  readonly report: {
    readonly health: HealthRecord;
    readonly estimates: readonly (Estimate | EstimateRefusal)[];
  };
  readonly differences: { readonly estimates: readonly (Estimate | EstimateRefusal)[] } | null;
}

/** Evaluates every candidate off-policy on the log, then asks the gate to make it the challenger. */
export async function judgeCandidates(
  context: DemoContext,
  candidates: readonly Candidate[],
  snapshot: DemoSnapshot,
): Promise<readonly CandidateSummary[]> {
  const evaluations = await runJobs(
    context,
    'evaluation-runs',
    candidates.map(({ version }) => ({
      policyVersion: version,
      snapshot: snapshot.directory,
      candidatesOnSlice: candidates.length,
    })),
  );
  const promotions = await runJobs(
    context,
    'promotions',
    candidates.map(({ version }, i) => ({
      policyVersion: version,
      alias: 'challenger',
      evaluationRun: evaluations[i].id,
    })),
  );
  return candidates.map((candidate, i) => summarise(context, candidate, evaluations[i], promotions[i]));
}

function summarise(
  { surface, allot }: DemoContext,
  candidate: Candidate,
  evaluation: RunView,
  promotion: RunView,
): CandidateSummary {
  const { report, differences } = evaluation.result as unknown as Evaluation;
  const gate = promotion.result as unknown as Pick<GateVerdict, 'verdict' | 'reasons'>;
  const main = surface.responses.find((response) => response.role === 'main')?.name ?? '';
  const { estimator } = surface.gate;
  const pick = (estimates: readonly (Estimate | EstimateRefusal)[]) =>
    valueOf(estimates.find((e) => e.response === main && e.estimator === estimator));
  const estimate = pick(report.estimates);
  return {
    name: candidate.name,
    algorithm: candidate.algorithm,
    version: candidate.version,
    verdict: gate.verdict,
    reasons: gate.reasons,
    estimate: estimate === null ? null : { ...estimate, estimator },
    differenceToChampion: differences === null ? null : pick(differences.estimates),
    health: {
      effectiveSampleSize: report.health.effectiveSampleSize,
      meanWeight: report.health.meanWeight,
    },
    reportUrl: `${allot.url}${evaluation.report ?? `/v1/evaluation-runs/${evaluation.id}`}`,
  };
}

function valueOf(estimate: Estimate | EstimateRefusal | undefined): ValueWithInterval | null {
  if (estimate === undefined || isRefusal(estimate)) return null;
  const interval = estimate.intervals.at(0);
  if (interval === undefined) return null;
  return { value: estimate.value, lower: interval.lower, upper: interval.upper };
}
