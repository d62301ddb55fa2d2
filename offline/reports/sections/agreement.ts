import type { PairAgreement } from '../../evaluation/estimator-agreement.ts';
import { html, type Html } from '../html.ts';
import { figure, percentage, range, table } from '../page.ts';

const SHOWN = 6;

/** Whether estimators of the same thing say the same; the pairs that differ most come first. */
export function agreementSection(pairs: readonly PairAgreement[] | undefined): Html {
  if (pairs === undefined || pairs.length === 0) return html``;
  const differing = pairs.filter(({ agrees }) => !agrees).length;
  const distance = ({ difference, lower, upper }: PairAgreement): number =>
    upper === lower ? 0 : Math.abs(difference) / (upper - lower);
  const worst = [...pairs].sort((a, b) => Number(a.agrees) - Number(b.agrees) || distance(b) - distance(a));
  return html`<h2>Do the estimators agree?</h2>
    <p>
      ${
        differing === 0
          ? html`<span class="good">Yes</span>: none of the ${pairs.length} pairs differs by more than chance.`
          : html`<span class="bad">No</span>: ${differing} of ${pairs.length} pairs differ by more than
              chance, so not all of them value the same thing. A pair with dm accuses the model of dm.`
      }
    </p>
    ${pairTable(worst.slice(0, SHOWN))}
    ${
      worst.length > SHOWN
        ? html`<details>
            <summary>The other ${worst.length - SHOWN} pairs</summary>
            ${pairTable(worst.slice(SHOWN))}
          </details>`
        : ''
    }
    <p class="soft">
      Intervals of ${percentage(pairs[0].level)} each, so that all pairs together are right in the chosen
      level. Pairs that differ come first.
    </p>`;
}

const pairTable = (pairs: readonly PairAgreement[]): Html =>
  table(
    ['pair', 'difference', 'interval'],
    pairs.map((pair) => [
      html`${pair.first} − ${pair.second} <span class="soft">${pair.response}</span>`,
      html`<span class="${pair.agrees ? '' : 'bad'}">${figure(pair.difference)}</span>`,
      range(pair),
    ]),
  );
