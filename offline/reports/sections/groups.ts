import { chartFigure, colors } from '../charts/chart.ts';
import { forestPlot } from '../charts/forest-plot.ts';
import { html, type Html } from '../html.ts';
import { figure, range, table, type Cell } from '../page.ts';
import { answersTo, headlineOf, isWeak, responsesOf, type GroupView, type PopulationView } from '../view.ts';

/** A response in every group and segment, by one estimator, beside the whole. */
export function groupsSection(
  groups: readonly GroupView[] | undefined,
  overall: PopulationView,
  estimator?: string,
): Html {
  if (groups === undefined || groups.length === 0) return html``;
  const groupings = [...new Set(groups.map(({ grouping }) => grouping))];
  return html`<h2>By group</h2>
    <p class="soft">
      Groups were known before the decision. Each is valued by itself, with a health of its own; their
      intervals are not corrected for how many there are, so one of twenty misses by chance.
    </p>
    ${groupings.map((grouping) =>
      responsesOf(overall).map((response) =>
        groupPart(
          grouping,
          response,
          groups.filter((group) => group.grouping === grouping),
          headlineOf(answersTo(overall.estimates, response), estimator),
        ),
      ),
    )}`;
}

function groupPart(
  grouping: string,
  response: string,
  groups: readonly GroupView[],
  whole: ReturnType<typeof headlineOf>,
): Html {
  const answers = groups.map((group) => ({
    group,
    estimate: headlineOf(answersTo(group.estimates, response), whole?.estimator),
  }));
  const rows = answers.flatMap(({ group, estimate }) => {
    const interval = estimate?.intervals[0];
    if (estimate === undefined || interval === undefined) return [];
    const { lower, upper } = interval;
    return [{ label: group.label, value: estimate.value, lower, upper, isWeak: isWeak(estimate) }];
  });
  const references = whole === undefined ? [] : [{ label: 'all', value: whole.value, color: colors.logMean }];
  const weak = rows.some(({ isWeak: weakRow }) => weakRow) ? ' Hollow: weak evidence.' : '';
  return html`<h3>${response} by ${grouping}</h3>
    ${
      rows.length === 0
        ? ''
        : chartFigure(
            forestPlot(rows, { axis: response, references }),
            `${response} by ${grouping} (${whole?.estimator ?? 'first usable estimator'}).${weak}`,
          )
    }
    ${table(
      [grouping, 'eff. units', 'value', 'interval'],
      answers.map(({ group, estimate }): Cell[] => [
        group.label,
        Math.round(group.health.effectiveSampleSize),
        estimate === undefined ? html`<span class="bad">refused</span>` : figure(estimate.value),
        estimate === undefined ? '' : estimate.intervals.slice(0, 1).map(range).join(''),
      ]),
    )}
    ${answers.map(({ group, estimate }) =>
      estimate === undefined
        ? html`<p class="soft">${group.label}: ${refusalReason(group, response)}.</p>`
        : '',
    )}`;
}

function refusalReason({ estimates }: GroupView, response: string): string {
  for (const estimate of estimates) {
    if (estimate.response === response && 'refusal' in estimate) return estimate.refusal.reason;
  }
  return '';
}
