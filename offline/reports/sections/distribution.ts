import { isIntervalRefusal } from '../../../src/core/ope/intervals/interval-result.ts';
import type { DistributionEstimate } from '../../../src/core/ope/distribution/distribution-estimates.ts';
import { html, type Html } from '../html.ts';
import { figure, percentage, range, table } from '../page.ts';

export interface DistributionView {
  readonly response: string;
  readonly statistics: readonly DistributionEstimate[];
}

/** More than the mean: shares, quantiles and means of the lower tail of a response under the valued policy. */
export function distributionSection(distributions: readonly DistributionView[] | undefined): Html {
  if (distributions === undefined || distributions.length === 0) return html``;
  return html`<h2>Distribution of the response</h2>
    ${table(
      ['statistic', 'value', 'interval'],
      distributions.flatMap(({ response, statistics }) =>
        statistics.map(({ statistic, value, interval }) => [
          `${response}: ${nameOf(statistic)}`,
          figure(value),
          isIntervalRefusal(interval) ? interval.refusal.reason : range(interval),
        ]),
      ),
      'stack',
    )}`;
}

function nameOf({ kind, at }: DistributionEstimate['statistic']): string {
  if (kind === 'cdf') return `share of decisions at or below ${figure(at)}`;
  if (kind === 'quantile') return `value that ${percentage(at)} of the decisions stay below`;
  return `mean of the lowest ${percentage(at)}`;
}
