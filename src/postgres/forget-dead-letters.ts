import type pg from 'pg';
import { mentions } from '../core/feedback/mentions.ts';

/** Of one fetch; a poison record may be a megabyte. */
const PAGE = 200;

/** Ids of the dead letters that mention one of the names. Poison follows no grammar, so every record is read. */
export async function forgettableLetters(
  client: pg.ClientBase,
  names: readonly string[],
): Promise<readonly string[]> {
  const found: string[] = [];
  for (let after = ''; ;) {
    const { rows } = await client.query<{ id: string; reason: string; record: Buffer }>(
      'select id, reason, record from dead_letters where id > $1 order by id limit $2',
      [after, PAGE],
    );
    for (const { id, reason, record } of rows) {
      if (mentions(record.toString('utf8'), names) || mentions(reason, names)) found.push(id);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return found;
    after = last.id;
  }
}
