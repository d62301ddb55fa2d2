import { html, trusted, type Html } from './html.ts';

const STYLE = `
  :root { color-scheme: light; --ink: #1d2733; --soft: #5b6875; --line: #dfe4ea; }
  * { box-sizing: border-box; }
  body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); max-width: 760px; margin: 0 auto; padding: 16px; overflow-wrap: break-word; }
  h1 { font-size: 1.35rem; line-height: 1.25; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .4rem; } h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; }
  .verdict { border-left: 6px solid #888; padding: 10px 14px; background: #f6f8fa; }
  .verdict p { margin: .4rem 0 0; } .verdict ul { margin: .4rem 0 0; padding-left: 1.1rem; }
  .promote { border-color: #22863a; } .refuse { border-color: #b31d28; } .insufficient { border-color: #b08800; }
  table { border-collapse: collapse; width: 100%; font-size: .92rem; margin: .4rem 0; }
  th, td { text-align: left; padding: 5px 8px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
  th { font-weight: 600; color: var(--soft); font-size: .85rem; }
  td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
  .soft, figcaption { color: var(--soft); font-size: .88rem; } figure { margin: .6rem 0; max-width: 500px; }
  svg { width: 100%; height: auto; display: block; }
  code { font-size: .85em; word-break: break-all; } .bad { color: #b31d28; font-weight: 600; } .good { color: #22863a; font-weight: 600; }
  .scroll { overflow-x: auto; } dt { font-weight: 600; margin-top: .6rem; } dd { margin: 0; color: var(--soft); }
  li { margin: .3rem 0; } summary { cursor: pointer; color: #0b5cad; margin: .5rem 0; }
  @media (max-width: 560px) {
    table { font-size: .84rem; }
    .stack table, .stack tbody, .stack tr, .stack td { display: block; } .stack tr:first-child { display: none; }
    .stack tr { border-bottom: 1px solid var(--line); padding: 7px 0; }
    .stack td, .stack td.number { border: 0; padding: 1px 0; text-align: left; white-space: normal; }
    .stack td:first-child { font-weight: 600; } .stack td:empty { display: none; }
    .stack td:not(:first-child)::before { content: attr(data-label) ': '; color: var(--soft); }
  }
`;

/** A self-contained page: no script, no network, readable on a phone. */
export function page(title: string, body: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style>
          ${trusted(STYLE)}
        </style>
      </head>
      <body>
        ${body}
      </body>
    </html>`.markup;
}

export type Cell = string | number | Html;

/**
 * Cells that are numbers are right-aligned. `stack`: on a phone every row becomes a block of `name: value` lines, for
 * tables with sentences or more columns than a phone has room for.
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  layout: 'scroll' | 'stack' = 'scroll',
): Html {
  const isNumber = head.map((_, column) => rows.some((row) => typeof row[column] === 'number'));
  const kind = (column: number): string => (isNumber[column] ? 'number' : '');
  const cellOf = (cell: Cell, column: number): Html =>
    html`<td class="${kind(column)}" data-label="${head[column]}">${shown(cell)}</td>`;
  return html`<div class="${layout}">
    <table>
      <tr>
        ${head.map((cell, column) => html`<th class="${kind(column)}">${cell}</th>`)}
      </tr>
      ${rows.map(
        (row) =>
          html`<tr>
            ${row.map(cellOf)}
          </tr>`,
      )}
    </table>
  </div>`;
}

const shown = (cell: Cell): string | Html => (typeof cell === 'number' ? figure(cell) : cell);

/** Four significant digits, plain integers, and a dash for what is not a number. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 1e-3 ? Number(value.toPrecision(4)).toString() : value.toExponential(2);
}

/** `0.0031 … 0.0046`, never broken over two lines. */
export const range = ({ lower, upper }: { readonly lower: number; readonly upper: number }): string =>
  `${figure(lower)}\u00a0…\u00a0${figure(upper)}`;

export const percentage = (share: number): string =>
  Number.isFinite(share) ? `${Number((100 * share).toPrecision(3))}\u00a0%` : '–';

/** Several items as a sentence part: `a, b and c`. */
export const listed = (items: readonly string[]): string =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items[items.length - 1]}`;
