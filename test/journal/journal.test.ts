import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AllotError } from '../../src/core/errors.ts';
import { decisionEvent, exposureEvent } from '../support/events.ts';
import { loadCursor } from '../../src/journal/cursor.ts';
import { drain, idsOf, open, segmentFiles, temporaryFolder, until, writerFolders } from './folder.ts';

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const ids = (from: number, to: number): string[] => numbers(from, to).map((n) => `decision-${String(n)}`);

describe('the journal', () => {
  it('delivers what was appended, in order, byte for byte, under the key of its unit', async () => {
    const journal = await open(temporaryFolder());
    const events = [decisionEvent(1, { unitId: 'ünit 🎈' }), exposureEvent(1), decisionEvent(2)];
    events.forEach((event) => journal.append(event));
    const seen: { key: string; event: unknown }[] = [];
    const consumer = await journal.consume(async (records) => {
      for (const { key, value } of records)
        seen.push({ key, event: JSON.parse(Buffer.from(value).toString()) });
    });
    await until(() => seen.length === 3);
    await consumer.stop();
    expect(seen).toEqual([
      { key: 'ünit 🎈', event: events[0] },
      { key: 'decision-1', event: events[1] },
      { key: 'unit-2', event: events[2] },
    ]);
  });

  it('has the bytes in the file before append returns', async () => {
    const directory = temporaryFolder();
    const journal = await open(directory);
    journal.append(decisionEvent(5));
    const [file] = segmentFiles(writerFolders(directory)[0]);
    expect(readFileSync(file).toString('utf8')).toContain(JSON.stringify(decisionEvent(5)));
  });

  it('hands a record over while it is being written to, without a poll', async () => {
    const journal = await open(temporaryFolder());
    const seen: string[] = [];
    await journal.consume(async (records) => void seen.push(...idsOf(records)));
    for (let n = 0; n < 2_000; n += 1) {
      journal.append(decisionEvent(n));
      if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => seen.length >= 2_000);
    expect(seen).toEqual(ids(0, 2_000));
  });

  it('goes on after the cursor when it is opened again', async () => {
    const directory = temporaryFolder();
    const first = await open(directory, { batchRecords: 10 });
    first.appendAll(numbers(0, 25).map((n) => decisionEvent(n)));
    let batches = 0;
    const consumer = await first.consume(async () => {
      batches += 1;
      if (batches > 2) throw new Error('the store is away');
    });
    await until(() => batches > 2);
    await consumer.stop();
    await first.close();

    const second = await open(directory);
    second.append(decisionEvent(25));
    expect(await drain(second)).toEqual(ids(20, 26));
  });

  it('has its cursor on disk at the last record soon after no more come, for others that look for what waits', async () => {
    const directory = temporaryFolder();
    const journal = await open(directory);
    let seen = 0;
    const consumer = await journal.consume(async (records) => void (seen += records.length));
    for (let n = 0; n < 3; n += 1) {
      journal.append(decisionEvent(n));
      await until(() => seen === n + 1);
    }
    await until(() => loadCursor(writerFolders(directory)[0])?.sequence === 3);
    await consumer.stop();
  });

  it('removes whole segments once they are handled, and its folder when nothing is left', async () => {
    const directory = temporaryFolder();
    const journal = await open(directory, { segmentBytes: 8_192 });
    journal.appendAll(numbers(0, 5).map((n) => decisionEvent(n)));
    for (const n of numbers(5, 100)) journal.append(decisionEvent(n));
    const [folder] = writerFolders(directory);
    expect(segmentFiles(folder).length).toBeGreaterThan(5);
    expect(await drain(journal)).toEqual(ids(0, 100));
    expect(segmentFiles(folder)).toHaveLength(1);
    await journal.close();
    expect(writerFolders(directory)).toEqual([]);
  });

  it('adopts what a closed journal left, keeps its cursor, and removes it when delivered', async () => {
    const directory = temporaryFolder();
    for (const round of [0, 1, 2]) {
      const journal = await open(directory);
      journal.appendAll(numbers(round * 10, round * 10 + 10).map((n) => decisionEvent(n)));
      await journal.close();
    }
    const last = await open(directory);
    expect(last.depth().records).toBe(30);
    expect((await drain(last)).sort()).toEqual(ids(0, 30).sort());
    await last.close();
    expect(writerFolders(directory)).toEqual([]);
  });

  it('leaves the folder of a living journal alone', async () => {
    const directory = temporaryFolder();
    const one = await open(directory);
    one.append(decisionEvent(1));
    const two = await open(directory);
    two.append(decisionEvent(2));
    expect(await drain(two)).toEqual(['decision-2']);
    expect(await drain(one)).toEqual(['decision-1']);
  });

  it('adopts a folder whose pid now belongs to another process', async () => {
    const directory = temporaryFolder();
    const dead = await open(directory);
    dead.append(decisionEvent(1));
    await dead.close();
    const [folder] = writerFolders(directory);
    const other = await open(directory);
    const ownerFile = join(writerFolders(directory).filter((path) => path !== folder)[0], 'owner');
    const owner = JSON.parse(readFileSync(ownerFile, 'utf8')) as Record<string, unknown>;
    await other.close();
    // This very process is alive under that pid, but it did not start then.
    const [left] = writerFolders(directory);
    writeFileSync(join(left, 'owner'), JSON.stringify({ ...owner, startedAt: '1', token: 'gone' }));
    expect(await drain(await open(directory))).toEqual(['decision-1']);
  });

  it('finds a recent decision, and nothing else', async () => {
    const journal = await open(temporaryFolder());
    journal.append(decisionEvent(1));
    journal.append(exposureEvent(2));
    expect(journal.findDecision('decision-1')).toEqual(decisionEvent(1));
    expect(journal.findDecision('decision-2')).toBeUndefined();
  });

  it('keeps a bounded number of recent decisions', async () => {
    const journal = await open(temporaryFolder());
    for (let n = 0; n < 10_000; n += 1) journal.append(decisionEvent(n));
    expect(journal.findDecision('decision-0')).toBeUndefined();
    expect(journal.findDecision('decision-9999')).toEqual(decisionEvent(9_999));
  });

  it('tells how many records, how many bytes and how old', async () => {
    const journal = await open(temporaryFolder());
    expect(journal.depth()).toEqual({ records: 0, bytes: 0, oldestAgeMs: 0 });
    journal.append(decisionEvent(1));
    journal.append(decisionEvent(2));
    await new Promise((resolve) => setTimeout(resolve, 30));
    const depth = journal.depth();
    expect(depth.records).toBe(2);
    expect(depth.bytes).toBeGreaterThan(2 * JSON.stringify(decisionEvent(1)).length);
    expect(depth.oldestAgeMs).toBeGreaterThanOrEqual(25);
    await drain(journal);
    expect(journal.depth()).toEqual({ records: 0, bytes: 0, oldestAgeMs: 0 });
  });

  it('refuses with journal_full at its maximum, writes nothing then, and takes records again once some are handled', async () => {
    const directory = temporaryFolder();
    const journal = await open(directory, { maxBytes: 40_000, segmentBytes: 8_192 });
    let accepted = 0;
    let refusal: unknown;
    while (refusal === undefined) {
      try {
        journal.append(decisionEvent(accepted));
        accepted += 1;
      } catch (error) {
        refusal = error;
      }
    }
    expect(refusal).toBeInstanceOf(AllotError);
    expect((refusal as AllotError).code).toBe('journal_full');
    expect(journal.canAppend()).toBe(false);
    const stored = segmentFiles(writerFolders(directory)[0]).reduce(
      (sum, file) => sum + statSync(file).size,
      0,
    );
    expect(stored).toBeLessThanOrEqual(40_000);
    expect(() => journal.appendAll([exposureEvent(1), exposureEvent(2), decisionEvent(9)])).toThrow(
      AllotError,
    );

    expect(await drain(journal)).toEqual(ids(0, accepted));
    expect(journal.canAppend()).toBe(true);
    journal.append(decisionEvent(accepted));
    expect(await drain(journal)).toEqual(ids(accepted, accepted + 1));
  });

  it('gives a handled last segment back when it needs the room', async () => {
    const journal = await open(temporaryFolder(), { maxBytes: 8_192, segmentBytes: 1024 * 1024 });
    for (let round = 0; round < 20; round += 1) {
      journal.appendAll(numbers(round * 4, round * 4 + 4).map((n) => decisionEvent(n)));
      expect(await drain(journal)).toEqual(ids(round * 4, round * 4 + 4));
    }
  });

  it('refuses an event that is larger than any record may be', async () => {
    const journal = await open(temporaryFolder());
    const tooLarge = decisionEvent(1, { features: { text: 'x'.repeat(17 * 1024 * 1024) } });
    expect(() => journal.append(tooLarge)).toThrow(/an event has at most/);
    journal.append(decisionEvent(2));
    expect(await drain(journal)).toEqual(['decision-2']);
  });

  it('delivers a record larger than its read window', async () => {
    const journal = await open(temporaryFolder());
    const large = decisionEvent(1, { features: { text: 'x'.repeat(3 * 1024 * 1024) } });
    journal.appendAll([decisionEvent(0), large, decisionEvent(2)]);
    expect(await drain(journal)).toEqual(ids(0, 3));
  });

  it.each(['group', 'commit'] as const)('has everything on the disk after sync (%s)', async (sync) => {
    const journal = await open(temporaryFolder(), { sync, segmentBytes: 4_096 });
    for (const n of numbers(0, 40)) journal.append(decisionEvent(n));
    await journal.sync();
    expect(await drain(journal)).toEqual(ids(0, 40));
  });
});
