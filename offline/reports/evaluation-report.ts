import { isRefusal, type Estimate, type EstimateRefusal } from '../../src/core/ope/report.ts';
import type { EvaluationResult, MeanResponse } from '../evaluation/evaluation-result.ts';
import { forestPlot } from './forest-plot.ts';
import { html, trusted, type Html } from './html.ts';
import { figure, page, table } from './page.ts';

/** One evaluation as a page: the verdict in a sentence first, then what it rests on. */
export function evaluationReport(result: EvaluationResult): string {
  const responses = [...new Set(result.report.estimates.map((estimate) => estimate.response))];
  return page(
    `${result.policyVersion}: ${result.gate.verdict}`,
    html`<h1>Off-policy evaluation of ${result.policyVersion}</h1>
      ${verdictBox(result)} ${responses.map((response) => responseSection(response, result))}
      ${differenceSection(result)} ${healthSection(result)} ${lineageSection(result)}`,
  );
}

function verdictBox(result: EvaluationResult): Html {
  const { gate } = result;
  const sentence = {
    promote: 'The gate would let it in: every line holds.',
    refuse: 'The gate refuses it: a bound proves a violation.',
    'insufficient evidence': 'The log does not say enough for the gate.',
  }[gate.verdict];
  return html`<div class="verdict ${gate.verdict.split(' ')[0]}">
      <strong>${gate.verdict}.</strong> ${sentence} ${gate.reasons.join(' ')}
    </div>
    <h2>Lines of the gate</h2>
    ${table(
      ['line', 'state', 'bound', 'threshold', 'why'],
      gate.lines.map((l) => [l.name, l.state, l.bound ?? Number.NaN, l.threshold ?? Number.NaN, l.reason]),
    )}`;
}

const meanOf = (means: readonly MeanResponse[] | null, response: string): MeanResponse | undefined =>
  means?.find((mean) => mean.response === response);

function responseSection(response: string, result: EvaluationResult): Html {
  const estimates = result.report.estimates.filter((estimate) => estimate.response === response);
  const truth = meanOf(result.truth, response);
  const behavior = meanOf(result.behavior, response);
  return html`<h2>${response}</h2>
    ${plot(response, estimates, truth ?? behavior, truth === undefined ? 'log mean' : 'truth')}
    ${estimateTable(estimates)}
    <p class="soft">
      ${behavior === undefined ? '' : `The log's own mean: ${figure(behavior.value)} ± ${figure(behavior.standardError)} (standard error).`}
      ${truth === undefined ? '' : `Measured while this version itself was served: ${figure(truth.value)} ± ${figure(truth.standardError)}.`}
    </p>`;
}

function plot(
  axis: string,
  estimates: readonly (Estimate | EstimateRefusal)[],
  reference: MeanResponse | undefined,
  label: string,
): Html {
  const rows = estimates.flatMap((estimate) => {
    if (isRefusal(estimate)) return [];
    const [interval] = estimate.intervals;
    return interval === undefined
      ? []
      : [{ label: estimate.estimator, value: estimate.value, lower: interval.lower, upper: interval.upper }];
  });
  if (rows.length === 0) return html``;
  return trusted(
    forestPlot(rows, {
      axis,
      ...(reference === undefined ? {} : { reference: { label, value: reference.value } }),
    }),
  );
}

export function estimateTable(estimates: readonly (Estimate | EstimateRefusal)[]): Html {
  return table(
    ['estimator', 'value', 'standard error', 'interval', 'notes'],
    estimates.map((estimate) => {
      if (isRefusal(estimate)) {
        return [
          estimate.estimator,
          'refused',
          '',
          '',
          `${estimate.refusal.reason} Needed: ${estimate.refusal.needed}`,
        ];
      }
      const intervals = estimate.intervals.map(
        (i) => `${figure(i.lower)} … ${figure(i.upper)} (${i.method}, ${figure(i.level * 100)} %)`,
      );
      const notes = estimate.warnings.map((warning) => warning.reason).join(' ');
      return [estimate.estimator, estimate.value, estimate.standardError, intervals.join('; '), notes];
    }),
  );
}

function differenceSection({ differences }: EvaluationResult): Html {
  if (differences === null) return html``;
  return html`<h2>Difference to ${differences.against}</h2>
    <p class="soft">
      Paired on the same rows and the same resamples; above 0 means better than ${differences.against}.
    </p>
    ${table(
      ['response', 'estimator', 'difference', 'interval'],
      differences.estimates.map((estimate) =>
        isRefusal(estimate)
          ? [estimate.response, estimate.estimator, 'refused', estimate.refusal.reason]
          : [
              estimate.response,
              estimate.estimator,
              estimate.value,
              estimate.intervals.map((i) => `${figure(i.lower)} … ${figure(i.upper)}`).join('; '),
            ],
      ),
    )}`;
}

function healthSection({ report, served }: EvaluationResult): Html {
  const { health } = report;
  return html`<h2>Can the log answer this?</h2>
    ${table(
      ['what', 'value', 'meaning'],
      [
        [
          'rounds, units',
          `${report.log.rounds}, ${report.log.units}`,
          'decisions, and who they were made for',
        ],
        ['effective sample size', health.effectiveSampleSize, 'units worth of evidence after weighting'],
        ['mean weight', health.meanWeight, 'should be 1; far from it, the propensities are wrong'],
        ['largest weight', health.maxWeight, 'one decision counts this many times'],
        ['largest unit share', health.maxWeightShare, 'share of all weight held by one unit'],
        [
          'unsupported fraction',
          health.unsupportedFraction,
          'evaluation mass on actions that the log never shows',
        ],
        [
          'mean 1/propensity',
          health.meanInversePropensity,
          `should be near ${figure(health.meanSupportedActions)}, the actions it chose among`,
        ],
        ['share of actions', served.shareOfActions ?? Number.NaN, 'mean probability of not doing nothing'],
        [
          'own pacing factor',
          served.pacingFactor,
          'allocation is multiplied by it to meet the pacing target',
        ],
      ],
    )}`;
}

function lineageSection(result: EvaluationResult): Html {
  return html`<h2>Lineage</h2>
    ${table(
      ['what', 'value'],
      [
        ['artifact', html`<code>${result.artifactHash}</code>`],
        ['snapshot', html`<code>${result.snapshotHash}</code>`],
        ['log', `${result.log.from} to ${result.log.until}, by ${result.log.behaviorVersions.join(', ')}`],
        [
          'level, resamples, seed',
          `${result.settings.level}, ${result.settings.resamples}, ${result.settings.seed}`,
        ],
      ],
    )}`;
}
