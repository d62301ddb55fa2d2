import { isRefusal } from '../../../src/core/ope/report.ts';
import { html, type Html } from '../html.ts';
import type { Result } from '../view.ts';

const SHOWN = 2;

/** Every warning and refusal once, by its code, with whom it concerns. */
export function warningsSection(results: readonly Result[]): Html {
  const codes = new Map<string, Map<string, Set<string>>>();
  const note = (code: string, text: string, who: string): void => {
    const texts = codes.get(code) ?? new Map<string, Set<string>>();
    codes.set(code, texts);
    texts.set(text, (texts.get(text) ?? new Set()).add(who));
  };
  for (const result of results) {
    const who = `${result.response}/${result.estimator}`;
    if (isRefusal(result)) {
      const { code, reason, needed } = result.refusal;
      note(code, `${reason}. Needed: ${needed}.`, who);
    } else for (const { code, reason } of result.warnings) note(code, `${reason}.`, who);
  }
  if (codes.size === 0) return html``;
  return html`<h2>Warnings and refusals</h2>
    ${[...codes].map(
      ([code, texts]) =>
        html`<h3><code>${code}</code></h3>
          ${lines([...texts])}`,
    )}`;
}

function lines(texts: readonly (readonly [string, Set<string>])[]): Html {
  const item = ([text, who]: readonly [string, Set<string>]): Html =>
    html`<li>${text} <span class="soft">(${[...who].join(', ')})</span></li>`;
  const rest = texts.slice(SHOWN);
  return html`<ul>
      ${texts.slice(0, SHOWN).map(item)}
    </ul>
    ${
      rest.length === 0
        ? ''
        : html`<details>
            <summary>${rest.length} more of this kind</summary>
            <ul>
              ${rest.map(item)}
            </ul>
          </details>`
    }`;
}
