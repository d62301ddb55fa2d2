import type { CandidateSummary, DemoSummary, ValueWithInterval } from './summary.ts';

/** The summary for people: what happened, in the order in which it happened. */
export function describe(summary: DemoSummary): string {
  const { experiment, truth } = summary;
  return [
    '',
    `Decided and logged   ${count(summary.decisions)} decisions, ${count(summary.exposures)} exposures, ${count(summary.interactions)} interactions`,
    `                     ${count(summary.duplicatesDropped)} repeats dropped, carried by ${summary.transport === 'kafka' ? 'Kafka' : 'the local journal'}`,
    ...(summary.snapshot === null
      ? []
      : [
          `Learned from         snapshot ${summary.snapshot.hash.slice(0, 12)}: ${count(summary.snapshot.rows)} decisions of ${count(summary.snapshot.units)} units; trained on ${summary.trainingBackend}`,
        ]),
    '',
    ...summary.candidates.flatMap(describeCandidate),
    `Experiment           challenger against champion on fresh units: ${experiment.verdict}`,
    ...experimentLines(experiment),
    `  forecast offline   ${shown(experiment.forecast)} s of watch time per decision`,
    `  measured online    ${shown(experiment.effect)} s per decision (valid at every look)`,
    ...(truth === null
      ? []
      : [
          `  the world's truth  ${signed(truth.value)} ± ${truth.standardError.toFixed(2)} s (one standard error)`,
        ]),
    '',
    `Champion now         ${summary.champion}`,
    `Took                 ${String(summary.seconds)} s`,
  ].join('\n');
}

function describeCandidate(candidate: CandidateSummary): string[] {
  const { estimate, health } = candidate;
  return [
    `Candidate            ${candidate.name} (${candidate.algorithm}, ${candidate.version}): ${candidate.verdict}`,
    `  off-policy value   ${shown(estimate, false)} s per decision${estimate === null ? '' : ` (${estimate.estimator})`}`,
    `  against champion   ${shown(candidate.differenceToChampion)} s`,
    ...(health === null
      ? []
      : [
          `  health             ${count(Math.round(health.effectiveSampleSize))} effective units, mean weight ${health.meanWeight.toFixed(3)}`,
        ]),
    ...candidate.reasons.map((reason) => `  because            ${reason}`),
    '',
  ];
}

function experimentLines(experiment: DemoSummary['experiment']): string[] {
  const units = Object.entries(experiment.units).map(([name, n]) => `${name} ${count(n)}`);
  return [
    ...(units.length === 0
      ? []
      : [
          `  units              ${units.join(', ')}; sample ratio ${experiment.sampleRatio}; ${count(experiment.looks)} looks stored`,
        ]),
    ...experiment.reasons.map((reason) => `  because            ${reason}`),
  ];
}

const count = (n: number): string => n.toLocaleString('en-US');
const signed = (x: number): string => (x >= 0 ? `+${x.toFixed(2)}` : x.toFixed(2));

function shown(value: ValueWithInterval | null, isDifference = true): string {
  if (value === null) return 'no estimate';
  const text = isDifference ? signed : (x: number): string => x.toFixed(2);
  return `${text(value.value)} [${text(value.lower)}, ${text(value.upper)}]`;
}
