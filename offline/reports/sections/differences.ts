import { isRefusal } from '../../../src/core/ope/report.ts';
import { chartFigure, colors } from '../charts/chart.ts';
import { forestPlot } from '../charts/forest-plot.ts';
import { html, type Html } from '../html.ts';
import { range, table } from '../page.ts';
import { answersTo, isWeak, responsesOf, type Result } from '../view.ts';
import { forestRow } from './responses.ts';

export interface DifferencesView {
  readonly against: string;
  readonly estimates: readonly Result[];
}

/** Paired differences to another policy, by response. */
export function differencesSection(differences: DifferencesView | null | undefined): Html {
  if (differences === null || differences === undefined) return html``;
  const { against, estimates } = differences;
  return html`<h2>Difference to ${against}</h2>
    <p class="soft">
      On the same decisions and the same resamples, so what both policies share cancels. Right of 0: more than
      ${against}. An interval that contains 0 shows no difference.
    </p>
    ${responsesOf(differences).map((response) => part(response, estimates))}`;
}

function part(response: string, estimates: readonly Result[]): Html {
  return html`<h3>${response}</h3>
    ${plot(response, estimates)}
    ${table(
      ['estimator', 'difference', 'interval', ''],
      estimates
        .filter((estimate) => estimate.response === response)
        .map((estimate) =>
          isRefusal(estimate)
            ? [estimate.estimator, '', '', html`<span class="bad">refused</span>`]
            : [
                estimate.estimator,
                estimate.value,
                estimate.intervals.slice(0, 1).map(range).join(''),
                isWeak(estimate) ? 'weak' : '',
              ],
        ),
    )}`;
}

function plot(response: string, estimates: readonly Result[]): Html {
  const rows = answersTo(estimates, response).flatMap(forestRow);
  if (rows.length === 0) return html``;
  const references = [{ label: 'no difference', value: 0, color: colors.logMean }];
  return chartFigure(
    forestPlot(rows, { axis: `difference of ${response}`, references }),
    `Paired difference of ${response} by estimator.`,
  );
}
