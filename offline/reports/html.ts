/** Markup that has been escaped or was made by us. */
export interface Html {
  readonly markup: string;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Tagged template: interpolated text is escaped, `Html` and lists of it are taken as they are. */
export function html(parts: TemplateStringsArray, ...values: readonly unknown[]): Html {
  const text = parts.reduce((out, part, i) => out + part + (i < values.length ? render(values[i]) : ''), '');
  return { markup: text };
}

/** For markup that another of our programs made, such as a chart's SVG. */
export const trusted = (markup: string): Html => ({ markup });

function render(value: unknown): string {
  if (Array.isArray(value)) return value.map(render).join('');
  if (typeof value === 'object' && value !== null && 'markup' in value) return String(value.markup);
  // eslint-disable-next-line @typescript-eslint/no-base-to-string -- whoever puts an object here sees that at once
  return String(value ?? '').replace(/[&<>"']/g, (character) => ESCAPES[character]);
}
