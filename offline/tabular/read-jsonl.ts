import { createInterface } from 'node:readline';
import { unreadable, type TabularRow } from './columns.ts';
import { asUnreadable, openBytes } from './read-csv.ts';

/** Reads one JSON object per line, streaming; empty lines are skipped. */
export async function* readJsonl(file: string): AsyncGenerator<TabularRow> {
  const bytes = openBytes(file);
  const lines = createInterface({ input: bytes, crlfDelay: Infinity });
  // readline does not hand on the errors of its input.
  let failure: Error | undefined;
  bytes.on('error', (error) => {
    failure = error;
    lines.close();
  });
  let line = 0;
  try {
    for await (const source of lines) {
      line++;
      if (source.trim() !== '') yield { values: parseObject(source, `${file}, line ${line}`), line };
    }
    if (failure !== undefined) throw failure;
  } catch (error) {
    throw asUnreadable(file, failure ?? error);
  } finally {
    bytes.destroy();
  }
}

function parseObject(source: string, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch {
    throw unreadable(where, { field: 'row', rule: 'must be one JSON object', value: source });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unreadable(where, { field: 'row', rule: 'must be one JSON object', value: source });
  }
  return value as Record<string, unknown>;
}
