import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDataset } from '../../offline/dataset/load.ts';
import { createMinibatches } from '../../offline/dataset/minibatch.ts';
import { writeSnapshot } from '../../offline/dataset/snapshot.ts';
import { splitByUnitAndTime } from '../../offline/dataset/split.ts';
import { createRandom } from '../../src/core/math/random.ts';
import type { DecisionRecord } from '../../src/service/ports/stores.ts';
import { makeRecords, readerOf, worldEnd, worldSurface } from './learning-world.ts';

const records = makeRecords({ units: 60, perUnit: 4, seed: 3 });
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'allot-dataset-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const snapshot = (
  name: string,
  log: readonly DecisionRecord[],
  change: Partial<Parameters<typeof writeSnapshot>[0]> = {},
): ReturnType<typeof writeSnapshot> =>
  writeSnapshot({
    reader: readerOf(log),
    tenant: 'default',
    surface: worldSurface,
    from: 0,
    until: worldEnd,
    directory: join(folder, name),
    ...change,
  });

describe('a snapshot', () => {
  it('has the same content hash whatever the order of feedback and the size of its parts', async () => {
    const first = await snapshot('a', records);
    const shuffled = records.map((r) => ({ ...r, interactions: [...r.interactions].reverse() }));
    const second = await snapshot('b', shuffled, { rowsPerPart: 50 });
    expect(second.contentHash).toBe(first.contentHash);
    expect(second.parts.length).toBeGreaterThan(first.parts.length);
    const changed = records.map((r, i) =>
      i === 17 ? { ...r, decision: { ...r.decision, propensity: 0.123 } } : r,
    );
    expect((await snapshot('c', changed)).contentHash).not.toBe(first.contentHash);
  });

  it('gives back what was logged, column by column', async () => {
    const manifest = await snapshot('d', records, { rowsPerPart: 100 });
    const dataset = await loadDataset(join(folder, 'd'));
    expect(dataset.rows).toBe(manifest.rows);
    expect(manifest.rows).toBe(records.length);
    records.forEach(({ decision, interactions }, i) => {
      expect(dataset.decisionIds[i]).toBe(decision.decisionId);
      expect(dataset.features[i]).toEqual(decision.features);
      expect(dataset.propensities[i]).toBe(decision.propensity);
      expect([...dataset.probabilities.subarray(2 * i, 2 * i + 2)]).toEqual(decision.probabilities);
      expect(worldSurface.actions[dataset.actions[i]]).toBe(decision.action);
      const watch = interactions.find((event) => event.type === 'watch')?.value;
      expect(dataset.responses.get('watch')?.[i]).toBe(watch);
      expect(dataset.responses.get('like')?.[i]).toBe(interactions.some((e) => e.type === 'like') ? 1 : 0);
    });
  });

  it('leaves out and counts what was not delivered, not mature, repeated, twinned or foreign', async () => {
    const [undelivered, late, twin, foreign, repeated] = records;
    const until = worldEnd;
    const log: DecisionRecord[] = [
      { ...undelivered, exposures: [] },
      { ...late, decision: { ...late.decision, decidedAt: until - 1000 } },
      twin,
      { ...twin, decision: { ...twin.decision, decisionId: 'again' } },
      { ...foreign, decision: { ...foreign.decision, schemaVersion: 2 } },
      ...records.slice(4, 40),
      repeated,
    ];
    const sorted = log.sort((a, b) => (a.decision.unitId < b.decision.unitId ? -1 : 1));
    const { logHealth, rows } = await snapshot('e', sorted);
    expect(logHealth).toMatchObject({ undelivered: 1, immature: 1, twins: 2, foreign: 1, duplicates: 1 });
    expect(rows).toBe(36);
  });

  it('links a session in exposure order and tells its end from a cut', async () => {
    const unit = records.slice(0, 4).map((record, i) => ({
      ...record,
      exposures: record.exposures.map((e) => ({ ...e, occurredAt: e.occurredAt + (i === 0 ? 90_000 : 0) })),
    }));
    await snapshot('f', unit);
    const ended = await loadDataset(join(folder, 'f'));
    expect(ended.decisionIds.map((id) => id.at(-1))).toEqual(['1', '0', '2', '3']);
    expect([...ended.nextRow]).toEqual([1, 2, 3, -1]);
    expect([...ended.done]).toEqual([0, 0, 0, 1]);
    const lastAt = unit[3].decision.decidedAt;
    await snapshot('g', unit, { asOf: lastAt + 61_000 });
    const open = await loadDataset(join(folder, 'g'));
    expect([...open.done]).toEqual([0, 0, 0, 0]);
    expect([...open.truncated]).toEqual([0, 0, 0, 1]);
  });

  it('starts another session after a gap of more than 30 minutes where there is no session id', async () => {
    const unit = records.slice(0, 4).map((record, i) => {
      const shift = i < 2 ? 0 : 31 * 60_000;
      const { decision } = record;
      return { ...record, decision: { ...decision, sessionId: null, decidedAt: decision.decidedAt + shift } };
    });
    await snapshot('h', unit);
    const dataset = await loadDataset(join(folder, 'h'));
    expect([...dataset.nextRow]).toEqual([1, -1, 3, -1]);
    expect([...dataset.done]).toEqual([0, 1, 0, 1]);
  });

  it('keeps incomplete rows without inventing an outcome', async () => {
    const surface = { ...worldSurface, completeness: 'session-closed' } as const;
    const manifest = await snapshot('i', records.slice(0, 8), { surface });
    const dataset = await loadDataset(join(folder, 'i'));
    expect(manifest.logHealth.incomplete).toBe(8);
    expect([...dataset.isComplete]).toEqual(new Array(8).fill(0));
    expect([...(dataset.responses.get('hide') ?? [])].some(Number.isNaN)).toBe(true);
  });

  it('cuts links to rows that a filter leaves out', async () => {
    await snapshot('j', records);
    const cut = records[1].decision.decidedAt;
    const dataset = await loadDataset(join(folder, 'j'), { until: cut });
    const last = dataset.decisionIds.indexOf(records[0].decision.decisionId);
    expect(dataset.nextRow[last]).toBe(-1);
    expect(dataset.truncated[last]).toBe(1);
  });

  it('is refused when a part or the manifest was changed', async () => {
    await snapshot('k', records);
    const part = join(folder, 'k', 'part-00000.parquet');
    const bytes = await readFile(part);
    bytes[bytes.length >> 1] ^= 1;
    await cp(join(folder, 'k'), join(folder, 'l'), { recursive: true });
    await writeFile(join(folder, 'l', 'part-00000.parquet'), bytes);
    await expect(loadDataset(join(folder, 'l'))).rejects.toMatchObject({ code: 'snapshot_invalid' });
    const manifest = join(folder, 'k', 'manifest.json');
    await writeFile(manifest, (await readFile(manifest, 'utf8')).replace('"rows": 240', '"rows": 241'));
    await expect(loadDataset(join(folder, 'k'))).rejects.toMatchObject({ code: 'snapshot_invalid' });
    await expect(loadDataset(join(folder, 'none'))).rejects.toMatchObject({ code: 'snapshot_invalid' });
  });

  it('takes an action that the unit counters had capped out of the eligible ones, a feature cap not', async () => {
    const capped = (name: string): DecisionRecord => ({
      ...records[0],
      decision: {
        ...records[0].decision,
        adjustments: [{ kind: 'cap', name, nullBefore: 0.5, nullAfter: 1 }],
      },
    });
    const surface: typeof worldSurface = {
      ...worldSurface,
      caps: [
        { name: 'daily', action: 'insert', rule: { kind: 'unit-window', limit: 3, windowSeconds: 86_400 } },
        { name: 'tired', action: 'insert', rule: { kind: 'feature-at-most', feature: 'fatigue', limit: 50 } },
      ],
    };
    for (const [name, insert] of [
      ['daily', 0],
      ['tired', 1],
    ] as const) {
      await snapshot(`cap-${name}`, [capped(name)], { surface });
      expect([...(await loadDataset(join(folder, `cap-${name}`))).eligible]).toEqual([1, insert]);
    }
  });

  it('of an empty range is valid and empty', async () => {
    const manifest = await snapshot('m', records, { until: 1 });
    expect(manifest.rows).toBe(0);
    expect((await loadDataset(join(folder, 'm'))).rows).toBe(0);
  });
});

describe('a split', () => {
  it('puts every unit into one part only, the same one in every snapshot', async () => {
    await snapshot('n', records);
    await snapshot('o', records.slice(100));
    const options = { by: 'unit', train: 0.6, validation: 0.2, salt: 's' } as const;
    const all = await loadDataset(join(folder, 'n'));
    const some = await loadDataset(join(folder, 'o'));
    const whole = splitByUnitAndTime(all, options);
    expect(whole.train.length + whole.validation.length + whole.test.length).toBe(all.rows);
    const unitsOf = (rows: Int32Array, unitIds: string[]): Set<string> =>
      new Set([...rows].map((row) => unitIds[row]));
    const trained = unitsOf(whole.train, all.unitIds);
    const tested = unitsOf(whole.test, all.unitIds);
    expect([...trained].filter((unit) => tested.has(unit))).toEqual([]);
    for (const unit of unitsOf(splitByUnitAndTime(some, options).test, some.unitIds))
      expect(tested.has(unit)).toBe(true);
  });

  it('by unit and time orders the parts in time, its test rows a subset of those by unit', async () => {
    await snapshot('p', records);
    const dataset = await loadDataset(join(folder, 'p'));
    const shares = { train: 0.5, validation: 0.2, salt: 's' };
    const both = splitByUnitAndTime(dataset, { by: 'unit-and-time', ...shares });
    const unit = splitByUnitAndTime(dataset, { by: 'unit', ...shares });
    const times = (rows: Int32Array): number[] => [...rows].map((row) => dataset.decidedAt[row]);
    expect(Math.max(...times(both.train))).toBeLessThan(Math.min(...times(both.validation)));
    expect(Math.max(...times(both.validation))).toBeLessThan(Math.min(...times(both.test)));
    expect([...both.test].every((row) => unit.test.includes(row))).toBe(true);
  });
});

describe('minibatches', () => {
  it('visit every row once per pass, and repeat with the same seed', () => {
    const rows = Int32Array.from({ length: 30 }, (_, i) => 3 * i);
    const next = createMinibatches(rows, 10, createRandom(5));
    const pass = [...next(), ...next(), ...next()];
    expect(pass.sort((a, b) => a - b)).toEqual([...rows]);
    const again = createMinibatches(rows, 10, createRandom(5));
    expect([...again()]).not.toEqual([...rows.subarray(0, 10)]);
    expect([...createMinibatches(rows, 10, createRandom(5))()]).toEqual([
      ...createMinibatches(rows, 10, createRandom(5))(),
    ]);
  });
});
