import {
  isSelfTestRefusal,
  type EstimatorScore,
  type SelfTestRefusal,
  type SelfTestReport,
} from '../../../src/core/ope/self-test/self-test-types.ts';
import { chartFigure } from '../charts/chart.ts';
import { forestPlot } from '../charts/forest-plot.ts';
import { html, type Html } from '../html.ts';
import { figure, percentage, table } from '../page.ts';

/** What the estimators did on logs of this shape with a known truth. */
export function selfTestSection(results: readonly (SelfTestReport | SelfTestRefusal)[] | undefined): Html {
  if (results === undefined || results.length === 0) return html``;
  return html`<h2>Which estimator to trust here</h2>
    <p class="soft">
      A self-test: new logs of the same shape (same units, situations and logging policy, outcomes with the
      same tails) were drawn from a world whose truth is known and for which the reward model is wrong.
    </p>
    ${results.map((result) => (isSelfTestRefusal(result) ? refusalPart(result) : reportPart(result)))}`;
}

const refusalPart = ({ response, refusal }: SelfTestRefusal): Html =>
  html`<h3>${response}</h3>
    <p>Refused: ${refusal.reason}. Needed: ${refusal.needed}.</p>`;

function reportPart(report: SelfTestReport): Html {
  return html`<h3>${report.response}</h3>
    <p><strong>${report.advice.sentence}</strong></p>
    ${coveragePlot(report)}
    ${table(
      ['estimator', 'bias', 'typical error', 'truth held in'],
      report.scores.map((score) => [score.estimator, score.bias, score.rmse, betterCoverage(score)]),
    )}
    <details>
      <summary>Every interval and Monte-Carlo error</summary>
      ${fullTable(report)}
    </details>
    <p class="soft">
      ${report.replicates} replicates, seed ${report.seed}, truth ${figure(report.truth)}; outcomes drawn as
      ${report.outcomes}. Typical error: root mean squared. ${report.notes}
    </p>`;
}

const fullTable = ({ scores }: SelfTestReport): Html =>
  table(
    ['estimator', 'bias', 'spread', 'std. error it claims', 'truth held in', 'answered'],
    scores.map((score) => [
      score.estimator,
      `${figure(score.bias)}\u00a0±\u00a0${figure(score.biasError)}`,
      figure(score.spread),
      figure(score.meanStandardError),
      coverageLines(score),
      percentage(score.answered / (score.answered + score.refused)),
    ]),
    'stack',
  );

const bestOf = ({ intervals }: EstimatorScore): EstimatorScore['intervals'][number] | undefined =>
  [...intervals].sort((a, b) => b.coverage - a.coverage)[0];

function betterCoverage(score: EstimatorScore): Html {
  const best = bestOf(score);
  if (best === undefined) return html`–`;
  return html`<span class="${best.isCovering ? 'good' : 'bad'}">${percentage(best.coverage)}</span>`;
}

function coverageLines({ intervals }: EstimatorScore): Html {
  return html`${intervals.map(
    ({ method, coverage, isCovering }, i) =>
      html`${i === 0 ? '' : html`<br />`}<span class="${isCovering ? 'good' : 'bad'}"
          >${percentage(coverage)}</span
        >
        (${method})`,
  )}`;
}

function coveragePlot({ scores, level }: SelfTestReport): Html {
  const rows = scores.flatMap((score) => {
    const best = bestOf(score);
    if (best === undefined) return [];
    const { coverage, coverageError } = best;
    return [
      {
        label: score.estimator,
        value: coverage,
        lower: Math.max(0, coverage - 2 * coverageError),
        upper: Math.min(1, coverage + 2 * coverageError),
        isWeak: !best.isCovering,
      },
    ];
  });
  if (rows.length === 0) return html``;
  return chartFigure(
    forestPlot(rows, { axis: 'share of replicates', references: [{ label: 'promised', value: level }] }),
    'How often the better interval of each estimator held the truth, ± 2 Monte-Carlo errors. Hollow: too seldom.',
  );
}
