import { isRefusal, type Estimate } from '../../../src/core/ope/report.ts';
import { chartFigure, colors } from '../charts/chart.ts';
import { forestPlot, type ForestRow } from '../charts/forest-plot.ts';
import { html, type Html } from '../html.ts';
import { figure, listed, percentage, range, table } from '../page.ts';
import { answersTo, isWeak, knownOf, type KnownValue, type Result } from '../view.ts';

export interface ResponseContext {
  readonly behavior?: readonly KnownValue[] | null | undefined;
  readonly truth?: readonly KnownValue[] | null | undefined;
}

/** One response: every estimator's answer as a picture and as numbers, beside what is known. */
export function responseSection(
  response: string,
  results: readonly Result[],
  context: ResponseContext,
): Html {
  const behavior = knownOf(context.behavior, response);
  const truth = knownOf(context.truth, response);
  const answers = answersTo(results, response);
  const own = results.filter((result) => result.response === response);
  return html`<h2>${response}</h2>
    ${plot(response, answers, behavior, truth)}
    ${
      answers.length === 0
        ? html`<p>
            All of ${listed(own.map(({ estimator }) => estimator))} are
            <span class="bad">refused</span>: the reasons stand under “Warnings and refusals”.
          </p>`
        : estimateTable(own)
    }
    <p class="soft">
      ${behavior === undefined ? '' : `The log’s own mean, what the logging policy earned: ${withError(behavior)}.`}
      ${truth === undefined ? '' : `Measured while the valued policy itself was served (truth): ${withError(truth)}.`}
    </p>`;
}

const withError = ({ value, standardError }: KnownValue): string =>
  `${figure(value)}\u00a0±\u00a0${figure(standardError)} (standard error)`;

function plot(
  axis: string,
  estimates: readonly Estimate[],
  behavior: KnownValue | undefined,
  truth: KnownValue | undefined,
): Html {
  const rows = estimates.flatMap(forestRow);
  if (rows.length === 0) return html``;
  const references = [
    ...(truth === undefined
      ? []
      : [{ label: 'truth', value: truth.value, error: truth.standardError, color: colors.truth }]),
    ...(behavior === undefined ? [] : [{ label: 'log mean', value: behavior.value, color: colors.logMean }]),
  ];
  const [interval] = estimates[0].intervals;
  const weak = rows.some((row) => row.isWeak === true) ? ' Hollow: weak evidence.' : '';
  const band = truth === undefined ? '' : ' The shaded band is twice the standard error of the truth.';
  return chartFigure(
    forestPlot(rows, { axis, references }),
    `${axis} by estimator: estimate and ${percentage(interval.level)} interval (${interval.method}).${weak}${band}`,
  );
}

export function forestRow(estimate: Estimate): ForestRow[] {
  const [interval] = estimate.intervals;
  if (interval === undefined) return [];
  const { lower, upper } = interval;
  return [{ label: estimate.estimator, value: estimate.value, lower, upper, isWeak: isWeak(estimate) }];
}

/** What a phone has room for, then every number behind a click. */
export function estimateTable(results: readonly Result[]): Html {
  const [first] = results.flatMap((result) => (isRefusal(result) ? [] : result.intervals));
  return html`${table(
      ['estimator', 'value', first === undefined ? 'interval' : `${percentage(first.level)} interval`, ''],
      results.map((result) =>
        isRefusal(result)
          ? [result.estimator, '', '', html`<span class="bad">refused</span>`]
          : [
              result.estimator,
              result.value,
              result.intervals.slice(0, 1).map(range).join(''),
              isWeak(result) ? 'weak' : '',
            ],
      ),
    )}
    <details>
      <summary>Every interval, setting and warning</summary>
      ${fullTable(results)}
    </details>`;
}

function fullTable(results: readonly Result[]): Html {
  return table(
    ['estimator', 'value', 'std. error', 'intervals', 'settings', 'warnings'],
    results.map((result) => {
      if (isRefusal(result)) return [result.estimator, '', '', '', '', `refused: ${result.refusal.code}`];
      return [
        result.estimator,
        figure(result.value),
        figure(result.standardError),
        intervalLines(result),
        settingsOf(result),
        [...new Set(result.warnings.map(({ code }) => code))].join(', '),
      ];
    }),
    'stack',
  );
}

function intervalLines({ intervals, ...rest }: Estimate): Html {
  const refused = 'intervalRefusals' in rest ? (rest.intervalRefusals as readonly { method: string }[]) : [];
  const lines = [
    ...intervals.map((interval) => `${range(interval)} (${interval.method}, ${percentage(interval.level)})`),
    ...refused.map(({ method }) => `${method}: refused`),
  ];
  return html`${lines.map((line, i) => html`${i === 0 ? '' : html`<br />`}${line}`)}`;
}

function settingsOf({ estimand, clip, clippedFraction, hyperParameters }: Estimate): string {
  const named = Object.entries(hyperParameters ?? {}).filter(([name]) => name !== 'clip');
  const parts = [
    ...(estimand === 'per-decision' ? [] : [estimand]),
    ...(clip === undefined
      ? []
      : [`clip ${figure(clip)} (${percentage(clippedFraction ?? NaN)} of rows changed)`]),
    ...named.map(([name, value]) => `${name} ${value}`),
  ];
  return parts.join(', ');
}
