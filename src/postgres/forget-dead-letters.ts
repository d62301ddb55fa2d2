import type pg from 'pg';
import { dayOfDecisionId } from '../core/feedback/decision-id.ts';
import { mentions } from '../core/feedback/mentions.ts';
import { claimsOf, type RecordClaims } from '../core/feedback/record-claims.ts';

/** Of one fetch; a record may be as large as a topic takes. */
const PAGE = 200;
const PAGE_BYTES = 16 * 1024 * 1024;

/** At least one, and so many as their bytes allow. */
const NEXT_LETTERS = `
  select l.id, l.reason, l.record from dead_letters as l join (
    select id, sum(length(record)) over (order by id) - length(record) as bytes_before
    from (select id, record from dead_letters where id > $1 order by id limit $2) as page
  ) as p using (id)
  where p.bytes_before < $3 order by id`;

export interface UnitNames {
  readonly tenant: string;
  readonly unitId: string;
  readonly decisionIds: readonly string[];
}

interface Letter {
  readonly reason: string;
  readonly record: Uint8Array;
}

/** Ids of the dead letters that are the unit's. Poison is in no index, so every record is read. */
export async function forgettableLetters(client: pg.ClientBase, unit: UnitNames): Promise<readonly string[]> {
  const decisionIds = new Set(unit.decisionIds);
  const found: string[] = [];
  for (let after = ''; ;) {
    const { rows } = await client.query<Letter & { id: string }>(NEXT_LETTERS, [after, PAGE, PAGE_BYTES]);
    for (const row of rows) if (isOf(row, unit, decisionIds)) found.push(row.id);
    const last = rows.at(-1);
    if (last === undefined) return found;
    after = last.id;
  }
}

/** By what JSON says of itself. Anything else follows no grammar: it is the unit's when it mentions it. */
function isOf({ reason, record }: Letter, unit: UnitNames, decisionIds: ReadonlySet<string>): boolean {
  const text = textOf(record);
  const claims = claimsOf(text);
  if (claims !== null) {
    if (claims.tenant !== null && claims.tenant !== unit.tenant) return false;
    return claims.unitIds.includes(unit.unitId) || claims.decisionIds.some((id) => decisionIds.has(id));
  }
  const names = [unit.unitId, ...unit.decisionIds];
  return mentions(text, names) || mentions(reason, names);
}

const textOf = (record: Uint8Array): string => Buffer.from(record).toString('utf8');

/** What a letter claims, letter by letter, against the guard list. A letter that names no tenant is held against all. */
const FORGOTTEN_LETTERS = `
  select n from unnest($1::integer[], $2::text[], $3::text[]) as t (n, tenant, unit_id)
  join (select distinct tenant from forgotten_units) as f on f.tenant = coalesce(t.tenant, f.tenant)
  where exists (
    select from forgotten_units as u
    where u.tenant = f.tenant and u.unit_hash = forgotten_unit_hash(f.tenant, t.unit_id))
  union
  select n from unnest($4::integer[], $5::date[], $6::text[]) as t (n, day, decision_id)
  join forgotten_decisions as f on f.day = t.day and f.decision_id = t.decision_id`;

/** The letters without those that say they are a forgotten unit's. For the transaction that has looked at the guard list. */
export async function lettersToKeep<L extends Letter>(
  client: pg.ClientBase,
  letters: readonly L[],
): Promise<readonly L[]> {
  const claims = letters.map(({ record }) => claimsOf(textOf(record)));
  const units = claims.flatMap((claim, n) =>
    storable(claim?.unitIds).map((id) => ({ n, tenant: storable([claim?.tenant])[0], id })),
  );
  const decisions = claims.flatMap((claim, n) => daysOf(claim).map((decision) => ({ n, ...decision })));
  if (units.length + decisions.length === 0) return letters;
  const { rows } = await client.query<{ n: number }>(FORGOTTEN_LETTERS, [
    units.map(({ n }) => n),
    units.map(({ tenant }) => tenant),
    units.map(({ id }) => id),
    decisions.map(({ n }) => n),
    decisions.map(({ day }) => day),
    decisions.map(({ id }) => id),
  ]);
  const forgotten = new Set(rows.map(({ n }) => n));
  return letters.filter((_, n) => !forgotten.has(n));
}

/** NUL and half surrogate pairs are in no stored name, and PostgreSQL would refuse the question. */
const storable = (names: readonly (string | null | undefined)[] = []): string[] =>
  names.filter(
    (name): name is string =>
      typeof name === 'string' && !name.includes('\0') && Buffer.from(name).toString() === name,
  );

/** Those that are decision ids. */
const daysOf = (claims: RecordClaims | null): { readonly day: string; readonly id: string }[] =>
  storable(claims?.decisionIds).flatMap((id) => {
    try {
      const day = dayOfDecisionId(id);
      return /^\d{4}-/.test(day) ? [{ day, id }] : [];
    } catch {
      return [];
    }
  });
