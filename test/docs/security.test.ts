import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allRoutes } from '../../api/routes/all-routes.ts';
import { openapiDocument } from '../../api/openapi.ts';
import { tableRows } from '../support/markdown.ts';

const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/security.md', root), 'utf8');

describe('docs/security.md', () => {
  const rows = tableRows(page, 'risk');

  it('has the ten risks of 2023, each with a test that exists', () => {
    expect(rows.map(([risk]) => risk.split(' ')[0])).toEqual(
      Array.from({ length: 10 }, (_, i) => `API${String(i + 1)}`),
    );
    for (const [risk, , tests] of rows) {
      const files = tests.split(', ').map((file) => file.replaceAll('`', ''));
      expect(files.length, risk).toBeGreaterThan(0);
      for (const file of files) expect(existsSync(new URL(file, root)), `${risk}: ${file}`).toBe(true);
    }
  });

  it('API7: no route takes an address to fetch', () => {
    expect(JSON.stringify(openapiDocument(allRoutes))).not.toMatch(
      /"(url|uri|href|callback|webhook)[A-Za-z]*":\{/i,
    );
  });
});
