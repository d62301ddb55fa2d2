import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import type pg from 'pg';
import { copyIn } from './copy-streams.ts';

/** A transaction locks every partition that it fills, with its indexes. */
const DAYS_AT_ONCE = 50;
const NEWLINE = 10;
/** `2026-02-03`: the first column of the tables of the log. */
const DAY_CHARACTERS = 10;

/** Feeds `copy … from stdin` with rows whose first column is a day: as many statements as keep each to a few days. */
export async function copyInDays(client: pg.ClientBase, text: string, source: Readable): Promise<number> {
  let rows = 0;
  let into: PassThrough | null = null;
  let done = Promise.resolve(0);
  let days = new Set<string>();
  for await (const { day, lines } of byDay(source)) {
    if (into !== null && !days.has(day) && days.size === DAYS_AT_ONCE) {
      into.end();
      rows += await done;
      into = null;
    }
    if (into === null) {
      into = new PassThrough();
      into.on('error', () => undefined); // the failure itself is in `done`
      done = copyIn(client, text, into);
      done.catch(() => undefined); // awaited at the next write, or at the end
      days = new Set();
    }
    days.add(day);
    if (!into.write(lines)) await Promise.race([once(into, 'drain'), done]);
  }
  into?.end();
  return rows + (await done);
}

interface DayLines {
  readonly day: string;
  readonly lines: Buffer;
}

/** The text of `copy` in pieces that are whole lines of one day; a newline in a value is escaped there. */
async function* byDay(source: AsyncIterable<Buffer>): AsyncGenerator<DayLines> {
  let rest = Buffer.alloc(0);
  for await (const chunk of source) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    yield* piecesOf(bytes.subarray(0, end));
    rest = Buffer.from(bytes.subarray(end));
  }
}

function* piecesOf(bytes: Buffer): Generator<DayLines> {
  let day = '';
  let from = 0;
  for (let at = 0; at < bytes.length; at = bytes.indexOf(NEWLINE, at) + 1) {
    const found = bytes.toString('latin1', at, at + DAY_CHARACTERS);
    if (found === day) continue;
    if (at > from) yield { day, lines: bytes.subarray(from, at) };
    [day, from] = [found, at];
  }
  if (bytes.length > from) yield { day, lines: bytes.subarray(from) };
}
