import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { problemOf, statusOfCode } from '../../api/problem.ts';
import { exitCodeOf } from '../../src/cli/exit-codes.ts';
import { settings } from '../../src/config/env.ts';
import { refuse } from '../../src/core/check.ts';
import { AllotError, errorCatalogue, type ErrorCode } from '../../src/core/errors.ts';
import { ruleOf } from '../../src/core/surface/features.ts';
import { metricDefinitions } from '../../src/observability/metric-definitions.ts';
import { tableRows } from '../support/markdown.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('docs/errors.md', () => {
  const rows = tableRows(read('docs/errors.md'), 'code');

  it('lists the catalogue with the statuses, exit codes and retry rule of the code', () => {
    const catalogue = (Object.keys(errorCatalogue) as ErrorCode[]).map((code) => [
      code,
      String(statusOfCode[code]),
      String(exitCodeOf(new AllotError(code, 'x'))),
      errorCatalogue[code].retryable ? 'yes' : 'no',
      errorCatalogue[code].title,
    ]);
    expect(rows.map((row) => row.slice(0, 5))).toEqual(catalogue);
  });

  it('shows an answer as it is really given', () => {
    const [, text] = /```json\n([\s\S]*?)```/.exec(read('docs/errors.md')) ?? [];
    const hour = { name: 'hour', type: 'numeric', min: 0, max: 23 } as const;
    const value = 25;
    const violations = [{ field: 'features.hour', rule: ruleOf(hour)(value) ?? '', value }];
    let refusal: unknown;
    try {
      refuse('invalid_request', violations);
    } catch (error) {
      refusal = error;
    }
    expect(JSON.parse(text)).toEqual(problemOf(refusal));
  });

  it('says of every error what to do', () => {
    for (const row of rows) expect(row[5]?.length, row[0]).toBeGreaterThan(10);
  });
});

describe('docs/metrics.md', () => {
  it('lists every metric with its type, labels and meaning', () => {
    const defined = Object.values(metricDefinitions).map(({ name, type, labels, help }) => [
      name,
      type,
      labels.join(', ') || '–',
      help,
    ]);
    expect(tableRows(read('docs/metrics.md'), 'metric')).toEqual(defined);
  });

  it('asks only about metrics that exist', () => {
    const names = Object.values(metricDefinitions).map(({ name }) => name);
    const suffix = /_(bucket|sum|count)$/;
    const asked = read('docs/metrics.md').match(/\ballot_[a-z_]+/g) ?? [];
    const ofNode = /^allot_(nodejs|process)_/;
    const unknown = asked.filter(
      (name) => !ofNode.test(name) && !names.includes(name) && !names.includes(name.replace(suffix, '')),
    );
    expect(unknown).toEqual([]);
  });
});

describe('docs/operations.md', () => {
  it('lists every setting with its default and meaning', () => {
    const read_ = Object.entries(settings).map(([name, { fallback, meaning }]) => [
      name,
      fallback ?? '–',
      meaning,
    ]);
    expect(tableRows(read('docs/operations.md'), 'variable')).toEqual(read_);
  });
});

describe('docs/dependencies.md', () => {
  const page = read('docs/dependencies.md');
  const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
  const sections = page.split(/^## /m);
  const listed = (title: string): string[][] =>
    tableRows(sections.find((section) => section.startsWith(title)) ?? '', 'package');

  it.each([
    ['At run time', 'dependencies'],
    ['Optional', 'optionalDependencies'],
    ['For development', 'devDependencies'],
  ])('lists under "%s" what package.json holds as %s', (title, field) => {
    expect(
      listed(title)
        .map(([name]) => name)
        .sort(),
    ).toEqual(Object.keys(manifest[field] ?? {}).sort());
  });

  it('gives each installed package the licence that it declares', () => {
    const lock = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { license?: string } | undefined>;
    };
    for (const title of ['At run time', 'Optional', 'For development']) {
      for (const [name, licence] of listed(title)) {
        const declared = lock.packages[`node_modules/${name ?? ''}`]?.license;
        if (declared !== undefined) expect(licence, name).toBe(declared);
      }
    }
  });

  it('rests on permissive licences only', () => {
    for (const title of ['At run time', 'Optional']) {
      for (const [name, licence] of listed(title))
        expect(['MIT', 'ISC', 'Apache-2.0'], name).toContain(licence);
    }
  });
});
