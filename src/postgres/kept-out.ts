import type pg from 'pg';

/** What a batch must not bring back. */
export interface KeptOut {
  readonly isAnyForgotten: boolean;
  /** Days before this one were dropped by retention; null: none yet. */
  readonly horizon: string | null;
}

const HORIZON = '(select before::text from retention_horizon)';

/**
 * One row-exclusive lock, which the inserts take anyway, before the look: whoever forgets a unit or drops a day holds a stronger
 * one, so a batch is either stored before, and goes with the rest, or sees what is kept out.
 */
const LOOK = `
  lock table only decisions, only exposures, only interactions in row exclusive mode;
  select exists (select from forgotten_units) as any_forgotten, ${HORIZON} as horizon`;

export async function lookForKeptOut(client: pg.ClientBase): Promise<KeptOut> {
  const looks = (await client.query(LOOK)) as unknown as readonly pg.QueryResult<{
    any_forgotten: boolean;
    horizon: string | null;
  }>[];
  const { any_forgotten: isAnyForgotten, horizon } = looks[1].rows[0];
  return { isAnyForgotten, horizon };
}

export async function readHorizon(pool: pg.Pool): Promise<string | null> {
  const { rows } = await pool.query<{ horizon: string | null }>(`select ${HORIZON} as horizon`);
  return rows[0].horizon;
}

/** Dates as text are ordered as dates. */
export const isKeptDay = (day: string, horizon: string | null): boolean => horizon === null || day >= horizon;
