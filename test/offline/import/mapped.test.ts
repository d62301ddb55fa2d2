import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { importMapped } from '../../../offline/import.ts';
import { makeSecrets } from '../../../src/config/secrets.ts';
import { createDecisionIds } from '../../../src/core/feedback/decision-id.ts';
import type { Surface } from '../../../src/core/surface/surface.ts';
import { createMemoryStores } from '../../../src/memory/stores.ts';
import { createPseudonyms } from '../../../src/service/identity/pseudonyms.ts';

const folder = mkdtempSync(join(tmpdir(), 'allot-mapped-'));
afterAll(() => rmSync(folder, { recursive: true }));

const mapping = `
surface: shelf
actions: [none, banner]
nullAction: none
policyVersion: old-rules
columns: { action: act, propensity: p, unitId: user, decidedAt: at }
features:
  hour: { column: hour, type: numeric, min: 0, max: 23 }
responses:
  revenue: { column: money, role: main, min: 0, max: 100, unit: euro }
`;
const rows = [
  'at,user,act,p,hour,money',
  '2026-01-01T10:00:00Z,u1,banner,0.25,10,3.5',
  '1767265200000,u2,none,0.75,11,0',
];

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

async function run(lines: readonly string[], map = mapping) {
  const stores = createMemoryStores();
  const ids = createDecisionIds(makeSecrets().idKeys);
  const source = { file: write('log.csv', lines.join('\n')), mappingFile: write('mapping.yaml', map) };
  const target = { ...stores, ids, actor: { tenant: 'default', id: 'test' } };
  return { stores, again: () => importMapped(source, target), result: await importMapped(source, target) };
}

describe('importing a log by a mapping', () => {
  it('stores every row once, however often it is imported', async () => {
    const { stores, result, again } = await run(rows);
    expect(result).toMatchObject({
      decisions: 2,
      interactions: 1,
      duplicates: 0,
      surface: 'shelf',
      alias: 'old-rules',
    });
    expect(await again()).toMatchObject({ decisions: 0, interactions: 0, duplicates: 2 });
    expect(await stores.decisions.counts('default', 'shelf')).toMatchObject({
      decisions: 2,
      exposures: 2,
      interactions: 1,
    });
  });

  it('keeps the limits that were declared since the first import', async () => {
    const { stores, again } = await run(rows);
    const imported = await stores.surfaces.find('default', 'shelf');
    const limited: Surface = {
      ...(imported as Surface),
      constraints: [{ name: 'share', on: 'share-of-actions', direction: 'at-most', threshold: 0.3 }],
      explorationFloor: 0.1,
      pacing: { targetShare: 0.25, proportionalGain: 0.5, integralGain: 0.02 },
    };
    await stores.surfaces.declare(limited, { tenant: 'default', id: 'test' });
    await again();
    expect(await stores.surfaces.find('default', 'shelf')).toEqual(limited);
  });

  it('stores units under their pseudonyms where it is given them, and as they are in the log otherwise', async () => {
    const stores = createMemoryStores();
    const ids = createDecisionIds(makeSecrets().idKeys);
    const source = { file: write('log.csv', rows.join('\n')), mappingFile: write('mapping.yaml', mapping) };
    const pseudonymOf = createPseudonyms(makeSecrets().pseudonymKey);
    const unitsOf = async (of: typeof stores): Promise<string[]> => {
      const range = { tenant: 'default', surface: 'shelf', from: 0, until: Infinity };
      const units: string[] = [];
      for await (const { decision } of of.decisions.stream(range)) units.push(decision.unitId);
      return units.sort();
    };
    await importMapped(source, { ...stores, ids, pseudonymOf, actor: { tenant: 'default', id: 'test' } });
    expect(await unitsOf(stores)).toEqual(['u1', 'u2'].map((id) => pseudonymOf('default', id)).sort());
    expect(await unitsOf((await run(rows)).stores)).toEqual(['u1', 'u2']);
  });

  it.each([
    [
      'a propensity of 0',
      rows[1].replace('0.25', '0'),
      /log\.csv, line 3: column "p" must be a propensity in \(0, 1\] \(found: "0"\)/,
    ],
    ['a propensity above 1', rows[1].replace('0.25', '1.2'), /line 3: column "p" must be a propensity/],
    [
      'a propensity that is not a number',
      rows[1].replace('0.25', 'NaN'),
      /line 3: column "p" must be a finite number/,
    ],
    ['a ragged row', `${rows[1]},9`, /line 3: row: has 7 cells where the header has 6/],
    [
      'an unknown action',
      rows[1].replace('banner', 'popup'),
      /line 3: column "act" must be one of none, banner/,
    ],
    ['a feature out of range', rows[1].replace(',10,', ',24,'), /line 3: column "hour" must be in \[0, 23\]/],
    [
      'a response out of range',
      rows[1].replace('3.5', '101'),
      /line 3: column "money" must be in \[0, 100\]/,
    ],
    ['a cell of blanks', rows[1].replace(',3.5', ',  '), /line 3: column "money" must be a finite number/],
    [
      'a number in hexadecimal',
      rows[1].replace(',10,', ',0xA,'),
      /line 3: column "hour" must be a finite number/,
    ],
    [
      'a time that is none',
      rows[1].replace('2026-01-01T10:00:00Z', 'soon'),
      /line 3: column "at" must be epoch/,
    ],
  ])('refuses %s with file, line and rule', async (_, bad, message) => {
    await expect(run([rows[0], rows[2], bad])).rejects.toThrow(message);
  });

  it('refuses a mapping that names a column which the file lacks, and says which there are', async () => {
    await expect(run(rows, mapping.replace('money', 'cash'))).rejects.toThrow(
      /the mapping names "cash", the file has at, user, act, p, hour, money/,
    );
  });

  it('refuses a broken mapping field by field', async () => {
    await expect(run(rows, mapping.replace('role: main', 'role: chief'))).rejects.toThrow(
      /mapping\.yaml: responses\.revenue\.role/,
    );
  });

  const files = (lines: readonly string[], map: string) => ({
    file: write('log.csv', lines.join('\n')),
    mappingFile: write('mapping.yaml', map),
  });
  const targetOf = (stores: ReturnType<typeof createMemoryStores>) => ({
    ...stores,
    ids: createDecisionIds(makeSecrets().idKeys),
    actor: { tenant: 'default', id: 'test' },
  });

  it.each([
    ['its first row breaks a rule', [rows[0], rows[1].replace('banner', 'popup')], /must be one of none/],
    ['it lacks a column', ['at,user,act,p,hour', '1,u,none,1,3'], /the mapping names "money"/],
    ['it has no row', [rows[0]], /log\.csv: file: has no rows/],
  ])('declares nothing where %s, so that the corrected mapping is free', async (_, lines, message) => {
    const stores = createMemoryStores();
    const target = targetOf(stores);
    await expect(importMapped(files(lines, mapping), target)).rejects.toThrow(message);
    expect(await stores.surfaces.list('default')).toEqual([]);
    expect(await stores.policies.list('default', 'shelf')).toEqual([]);
    const corrected = mapping.replace('[none, banner]', '[none, banner, popup]');
    expect(await importMapped(files(rows, corrected), target)).toMatchObject({ decisions: 2 });
  });

  it('takes a breaking change under a higher schema version, as the surface itself does', async () => {
    const { stores } = await run(rows);
    const wider = mapping.replace('[none, banner]', '[none, banner, popup]');
    const again = (map: string) => importMapped(files(rows, map), targetOf(stores));
    await expect(again(wider)).rejects.toThrow(/actions: changed, which needs a higher schemaVersion/);
    await again(wider.replace('surface: shelf', 'surface: shelf\nschemaVersion: 2'));
    expect(await stores.surfaces.find('default', 'shelf')).toMatchObject({
      schemaVersion: 2,
      actions: ['none', 'banner', 'popup'],
    });
  });

  it('declares the limits of the mapping with a new surface, and refuses others than are declared', async () => {
    const limited = (threshold: number): string =>
      `${mapping}groups: { feature: hour, bounds: [12], names: [unknown, am, pm] }
constraints: [{ name: share, on: share-of-actions, direction: at-most, threshold: ${threshold} }]
gate: { mainMargin: 2, minEffectiveUnits: 50 }
`;
    const { stores, again } = await run(rows, limited(0.3));
    expect(await stores.surfaces.find('default', 'shelf')).toMatchObject({
      groups: { feature: 'hour' },
      constraints: [{ name: 'share', threshold: 0.3 }],
      gate: { estimator: 'snips', level: 0.95, mainMargin: 2, minEffectiveUnits: 50 },
    });
    expect(await again()).toMatchObject({ duplicates: 2 });
    await expect(importMapped(files(rows, limited(0.5)), targetOf(stores))).rejects.toThrow(
      /constraints: is declared otherwise on shelf/,
    );
  });

  it('gives the gate the documented margin of 1 % of the main range', async () => {
    const { stores } = await run(rows);
    expect((await stores.surfaces.find('default', 'shelf'))?.gate.mainMargin).toBe(1);
  });

  it('refuses a mapping that is missing or not YAML in one line', async () => {
    const file = write('log.csv', rows.join('\n'));
    const target = targetOf(createMemoryStores());
    const refused = (message: unknown) => ({ code: 'mapping_invalid', message });
    const missing = importMapped({ file, mappingFile: join(folder, 'nowhere.yaml') }, target);
    await expect(missing).rejects.toMatchObject(
      refused(expect.stringMatching(/nowhere\.yaml: there is no such file$/)),
    );
    const broken = importMapped({ file, mappingFile: write('broken.yaml', 'a: [1,\nb: }') }, target);
    await expect(broken).rejects.toMatchObject(
      refused(expect.stringMatching(/^.*broken\.yaml: is not YAML: [^\n]+$/)),
    );
  });

  const withSequence = mapping.replace(
    'responses:',
    `  author: { column: author, type: hashed, buckets: 100 }
  recent:
    column: recent
    type: sequence
    length: 2
    fields: { by: { type: hashed, buckets: 100, vocabulary: author }, watch: { type: numeric, min: 0, max: 9 } }
responses:`,
  );
  const csv = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const sequenceRows = (recent: string): string[] => [
    'at,user,act,p,hour,money,author,recent',
    `2026-01-01T10:00:00Z,u1,banner,0.25,10,3.5,a-1,${csv(recent)}`,
    '1767265200000,u2,none,0.75,11,0,,',
  ];

  it('takes ids of an open vocabulary, and sequences as JSON; an empty cell is nobody and no events', async () => {
    const { stores } = await run(sequenceRows('[{"by":"b","watch":3}]'), withSequence);
    const features: unknown[] = [];
    for await (const { decision } of stores.decisions.stream({
      ...{ tenant: 'default', surface: 'shelf', from: 0, until: Infinity },
    }))
      features.push(decision.features);
    expect(features).toEqual([
      { hour: 10, author: 'a-1', recent: [{ by: 'b', watch: 3 }] },
      { hour: 11, author: '', recent: [] },
    ]);
  });

  it.each([
    ['[{"by":"b","watch":30}]', 'event 0 field watch is between 0 and 9'],
    ['[{"by":', 'is a list of events as JSON'],
    ['[{},{},{}]', 'has at most 2 events'],
  ])('refuses the sequence %s, naming column and rule', async (recent, rule) => {
    await expect(run(sequenceRows(recent), withSequence)).rejects.toThrow(`column "recent" ${rule}`);
  });
});
