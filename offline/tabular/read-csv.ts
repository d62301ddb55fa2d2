import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CsvError, parse } from 'csv-parse';
import { AllotError } from '../../src/core/errors.ts';
import { unreadable, type Cells } from './columns.ts';

/**
 * Reads a CSV file with a header row, streaming: yields the header first, then every row. A row with another number of
 * cells than the header is refused with its line.
 */
export async function* readCsv(file: string): AsyncGenerator<Cells> {
  const parser = parse({ bom: true, skip_empty_lines: true, relax_column_count: true, info: true });
  const bytes = openBytes(file);
  bytes.on('error', (error) => parser.destroy(error));
  let width = -1;
  try {
    for await (const { record, info } of bytes.pipe(parser) as AsyncIterable<CsvRecord>) {
      if (width < 0) width = record.length;
      if (record.length !== width) {
        const rule = `has ${record.length} cells where the header has ${width}`;
        throw unreadable(`${file}, line ${info.lines}`, { field: 'row', rule });
      }
      yield { cells: record, line: info.lines };
    }
  } catch (error) {
    throw asUnreadable(file, error);
  } finally {
    bytes.destroy();
  }
  if (width < 0) throw unreadable(file, { field: 'file', rule: 'has no header row' });
}

interface CsvRecord {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/** The bytes of a file, unpacked where its name ends in `.gz`; errors of either stream arrive at the result. */
export function openBytes(file: string): Readable {
  const bytes = createReadStream(file);
  if (!file.toLowerCase().endsWith('.gz')) return bytes;
  const unpacked = createGunzip();
  bytes.on('error', (error) => unpacked.destroy(error));
  unpacked.on('close', () => bytes.destroy());
  return bytes.pipe(unpacked);
}

/** Turns what the operating system, zlib and the parser throw into one refusal that names the file. */
export function asUnreadable(file: string, error: unknown): AllotError {
  if (error instanceof AllotError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const where = error instanceof CsvError && 'lines' in error ? `${file}, line ${String(error.lines)}` : file;
  return unreadable(where, { field: 'file', rule: `cannot be read: ${reason}` });
}
