import { errorCatalogue } from '../../src/core/errors.ts';
import { decideRows } from '../openapi.ts';
import { statusOfCode } from '../problem.ts';
import type { Route } from '../routes/route.ts';
import { markup, page } from './html.ts';

/** The route table and the error catalogue, as they are compiled into this very process. */
export function docsPage(routes: readonly Route[]): string {
  const rows = [
    ...decideRows.map(({ path, summary }) => ({ method: 'post', path, summary, permission: 'decide' })),
    ...routes,
  ];
  return page(
    'Allot API',
    markup`<h1>Allot API</h1><p>The full description is <a href="/openapi.json">openapi.json</a>. Keys are sent as
<code>Authorization: Bearer …</code>; bodies are JSON.</p>
<table><thead><tr><th>route</th><th>does</th><th>permission</th></tr></thead><tbody>${rows.map(
      (row) => markup`<tr><td><code>${row.method.toUpperCase()} ${row.path}</code></td><td>${row.summary}</td>
<td>${row.permission}</td></tr>`,
    )}</tbody></table><h2>Errors</h2>
<table><thead><tr><th>code</th><th>status</th><th>retry?</th><th>meaning</th></tr></thead><tbody>${Object.entries(
      errorCatalogue,
    ).map(
      ([code, { title, retryable }]) => markup`<tr id="${code}"><td><code>${code}</code></td>
<td>${statusOfCode[code as keyof typeof statusOfCode]}</td><td>${retryable ? 'yes' : 'no'}</td><td>${title}</td></tr>`,
    )}</tbody></table>`,
  );
}
