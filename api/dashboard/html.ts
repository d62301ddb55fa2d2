const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text that is already HTML. */
export interface Html {
  readonly html: string;
}

export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (char) => entities[char]);

/** Template whose values are escaped unless they are `Html`; arrays are joined. */
export function markup(parts: TemplateStringsArray, ...values: readonly unknown[]): Html {
  return {
    html: parts.reduce((text, part, i) => text + part + (i < values.length ? render(values[i]) : ''), ''),
  };
}

function render(value: unknown): string {
  if (Array.isArray(value)) return value.map(render).join('');
  if (value === null || value === undefined) return '';
  if (typeof value === 'object' && 'html' in value) return String(value.html);
  return escapeHtml(`${value as string | number | boolean}`);
}

export const page = (title: string, content: Html): string =>
  `<!doctype html>\n${
    markup`<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><link rel="stylesheet" href="/style.css"></head><body>${content}</body></html>`.html
  }`;

export function table(head: readonly string[], rows: readonly (readonly unknown[])[]): Html {
  if (rows.length === 0) return markup`<p>None yet.</p>`;
  return markup`<div class="wide" tabindex="0" role="region" aria-label="Table: ${head.join(', ')}"><table><thead><tr>${head.map((h) => markup`<th>${h}</th>`)}</tr></thead><tbody>${rows.map(
    (row) => markup`<tr>${row.map((cell) => markup`<td>${cell}</td>`)}</tr>`,
  )}</tbody></table></div>`;
}

/** UTC, to the second. */
export const timeOf = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

export const styleSheet = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:70rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #8884;vertical-align:top}
th{font-weight:600}code{font-family:ui-monospace,monospace;font-size:.92em}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}nav a{margin-right:1rem}
.bad{color:#c0392b}.good{color:#1e8449}input{font:inherit;padding:.3rem;width:30rem;max-width:100%}
button{font:inherit;padding:.3rem .8rem}
.wide{overflow-x:auto;margin:.5rem 0 1.5rem}.wide table{margin:0}
@media (prefers-color-scheme:dark){.bad{color:#ff8a7a}.good{color:#5fd08a}}
`;
