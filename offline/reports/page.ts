import { html, trusted, type Html } from './html.ts';

const STYLE = `
  :root { color-scheme: light; --ink: #1d2733; --soft: #5b6875; --line: #dfe4ea; }
  body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); max-width: 760px; margin: 0 auto; padding: 16px; }
  h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
  .verdict { border-left: 6px solid #888; padding: 8px 14px; background: #f6f8fa; }
  .promote { border-color: #22863a; } .refuse { border-color: #b31d28; } .insufficient { border-color: #b08800; }
  table { border-collapse: collapse; width: 100%; font-size: .92rem; }
  th, td { text-align: left; padding: 5px 8px; border-bottom: 1px solid var(--line); vertical-align: top; }
  td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
  .scroll { overflow-x: auto; } .soft { color: var(--soft); font-size: .9rem; } svg { max-width: 100%; height: auto; }
  code { font-size: .85em; word-break: break-all; }
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

/** Columns whose cells are numbers are right-aligned. */
export function table(head: readonly string[], rows: readonly (readonly (string | number | Html)[])[]): Html {
  return html`<div class="scroll">
    <table>
      <tr>
        ${head.map((cell) => html`<th>${cell}</th>`)}
      </tr>
      ${rows.map(
        (row) =>
          html`<tr>
            ${row.map((cell) =>
              typeof cell === 'number'
                ? html`<td class="number">${figure(cell)}</td>`
                : html`<td>${cell}</td>`,
            )}
          </tr>`,
      )}
    </table>
  </div>`;
}

/** Four significant digits, plain integers, and a dash for what is not a number. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 1e-3 ? Number(value.toPrecision(4)).toString() : value.toExponential(2);
}
