import { html, type Html } from '../html.ts';
import { table } from '../page.ts';
import { estimatorTerms, generalTerms, intervalTerms } from '../terms.ts';
import type { Result } from '../view.ts';

/** The terms that this report uses, each in a line. */
export function glossarySection(results: readonly Result[]): Html {
  const estimators = [...new Set(results.map(({ estimator }) => estimator))];
  const methods = new Set(
    results.flatMap((result) => ('intervals' in result ? result.intervals.map(({ method }) => method) : [])),
  );
  const terms = [
    ...generalTerms,
    ...estimators.map((id) => [id, estimatorTerms[id]] as const),
    ...[...methods].map((method) => [method, intervalTerms[method] ?? 'an interval'] as const),
  ];
  return html`<h2>The words in this report</h2>
    <dl>
      ${terms.map(
        ([term, meaning]) =>
          html`<dt>${term}</dt>
            <dd>${meaning}</dd>`,
      )}
    </dl>`;
}

/** Where the numbers come from, enough to make them again. */
export function lineageSection(rows: readonly (readonly [string, string])[]): Html {
  return html`<h2>Lineage</h2>
    ${table(
      ['what', 'value'],
      rows.map(([what, value]) => [what, html`<code>${value}</code>`]),
      'stack',
    )}`;
}
