import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { mappedSurface, readMapped } from '../../offline/import/mapped-log.ts';
import { mappingSchema, parseMapping } from '../../offline/import/mapping.ts';
import { checkSurface } from '../../src/core/surface/check-surface.ts';
import { tableRows } from '../support/markdown.ts';

const root = join(import.meta.dirname, '..', '..');
const page = readFileSync(join(root, 'docs/import.md'), 'utf8');
const example = readFileSync(join(root, 'docs/examples/feed-log.yaml'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'allot-import-page-'));
const log = join(folder, 'log.csv');

describe('docs/import.md', () => {
  beforeAll(() => {
    const command = ['--import', 'tsx', 'src/cli/main.ts', 'simulate', '--units', '30', '--seed', '1'];
    const run = spawnSync(process.execPath, [...command, '--log', log, '--json'], { cwd: root });
    expect(run.status).toBe(0);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('shows the example file as it is, and what `allot simulate --log` writes can be read by it', async () => {
    expect(page).toContain(`\`\`\`yaml\n${example}\`\`\``);
    const mapping = parseMapping('feed-log.yaml', parse(example));
    expect(checkSurface(mappedSurface(mapping))).toEqual([]);
    const rows = [];
    for await (const row of readMapped(log, mapping)) rows.push(row);
    expect(rows).toHaveLength(readFileSync(log, 'utf8').trim().split('\n').length - 1);
    expect(new Set(rows.map(({ action }) => action))).toEqual(new Set(['none', 'live']));
    expect(rows[0]).toMatchObject({ policyVersion: 'feed-behaviour', sessionId: 'u0000000-s0' });
  });

  it('lists every field of a mapping, and every column', () => {
    const { shape } = mappingSchema;
    expect(tableRows(page, 'mapping').map(([name]) => name)).toEqual(Object.keys(shape));
    expect(tableRows(page, 'columns').map(([name]) => name)).toEqual(Object.keys(shape.columns.shape));
  });
});
