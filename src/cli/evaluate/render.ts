import type { EvaluationResult } from '../../../offline/evaluation/evaluation-result.ts';
import { isRefusal } from '../../core/ope/report.ts';
import { table } from '../output.ts';

const figure = (value: number): string =>
  Number.isFinite(value) ? Number(value.toPrecision(4)).toString() : '–';

const columns = ['per decision', 'estimator', 'value', 'interval', 'log mean'];

/** An evaluation for a terminal: verdict first, then estimates beside what is known, then whether to believe them. */
export function renderEvaluation(result: EvaluationResult, html: string | undefined): string {
  const { gate, report, log } = result;
  const { health } = report;
  return [
    `${result.policyVersion} on the log of ${log.behaviorVersions.join(', ')} (${report.log.rounds} decisions, ${report.log.units} units)`,
    '',
    `gate: ${gate.verdict} (judged ${result.settings.decidingEstimand} by ${result.settings.decidingEstimator})`,
    ...gate.reasons.map((reason) => `  ${reason}`),
    ...result.unguarded.map((loss) => `  ! ${loss}`),
    '',
    table([...columns, ...(result.truth === null ? [] : ['truth ± its error'])], estimateRows(result)),
    ...sessionLines(result),
    ...warningLines(result),
    '',
    `effective sample ${figure(health.effectiveSampleSize)}, mean weight ${figure(health.meanWeight)} ± ${figure(health.meanWeightStandardError)},` +
      ` largest weight ${figure(health.maxWeight)}, unsupported ${figure(health.unsupportedFraction)},` +
      ` mean 1/p ${figure(health.meanInversePropensity)} for ${figure(health.meanSupportedActions)} actions`,
    ...(html === undefined ? [] : [`report: ${html}`]),
  ].join('\n');
}

function estimateRows({ report, behavior, truth }: EvaluationResult): string[][] {
  return report.estimates.map((estimate) => {
    const { response, estimator } = estimate;
    const logMean = behavior.find((mean) => mean.response === response);
    const known = truth?.find((mean) => mean.response === response);
    const beside = [
      logMean === undefined ? '' : figure(logMean.value),
      known === undefined ? '' : `${figure(known.value)} ± ${figure(known.standardError)}`,
    ];
    if (isRefusal(estimate)) return [response, estimator, 'refused', estimate.refusal.code, ...beside];
    const [interval] = estimate.intervals;
    const shown = interval === undefined ? '–' : `${figure(interval.lower)} … ${figure(interval.upper)}`;
    return [response, estimator, figure(estimate.value), shown, ...beside];
  });
}

/** Totals of whole sessions, where the gate decides by them. */
function sessionLines({ sessions }: EvaluationResult): string[] {
  if (sessions === null) return [];
  const { refusal, responses, estimator } = sessions;
  if (refusal !== null) return ['', `sessions: refused, ${refusal.code}: ${refusal.reason}`];
  const rows = responses.map(({ response, candidate, champion, difference, perDecision }) => [
    response,
    figure(candidate.value),
    figure(champion.value),
    `${figure(difference.value)} (${figure(difference.lower)} … ${figure(difference.upper)})`,
    figure(perDecision.value),
  ]);
  const header = [
    `per session, ${estimator}`,
    'candidate',
    'champion',
    'difference',
    'per decision, own states',
  ];
  return ['', table(header, rows)];
}

/** Every reason once, with the estimators that it concerns. */
function warningLines({ report }: EvaluationResult): string[] {
  const concerned = new Map<string, Set<string>>();
  for (const estimate of report.estimates) {
    const reasons = isRefusal(estimate)
      ? [estimate.refusal.reason]
      : estimate.warnings.map(({ reason }) => reason);
    for (const reason of reasons)
      concerned.set(reason, (concerned.get(reason) ?? new Set()).add(estimate.estimator));
  }
  return [...concerned].map(([reason, estimators]) => `  ! ${[...estimators].join(', ')}: ${reason}`);
}
