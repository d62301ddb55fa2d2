import type pg from 'pg';
import { mergeShadowScores, type ShadowScore } from '../core/experiment/shadow-score.ts';
import type { ShadowStore } from '../service/ports/shadows.ts';
import { requireLeader } from './leader.ts';
import { inTransaction, query } from './transaction.ts';

interface Row {
  readonly surface: string;
  readonly policy_version: string;
  readonly day: string;
  readonly score: ShadowScore;
}

export function createShadowStore(pool: pg.Pool): ShadowStore {
  return {
    async readUntil(tenant, surface, policyVersion) {
      const rows = await query<{ read_until: Date }>(
        pool,
        'select read_until from shadow_cursors where tenant = $1 and surface = $2 and policy_version = $3',
        [tenant, surface, policyVersion],
      );
      return rows.at(0)?.read_until.getTime() ?? null;
    },

    add: (tenant, { surface, policyVersion, day, score }, { from, until }, fence) =>
      inTransaction(pool, async (client) => {
        await requireLeader(client, fence);
        const key = [tenant, surface, policyVersion];
        const { rowCount } =
          from === null
            ? await client.query(
                `insert into shadow_cursors (tenant, surface, policy_version, read_until) values ($1, $2, $3, $4)
                 on conflict on constraint shadow_cursors_pkey do nothing`,
                [...key, new Date(until)],
              )
            : await client.query(
                `update shadow_cursors set read_until = $4
                 where tenant = $1 and surface = $2 and policy_version = $3 and read_until = $5`,
                [...key, new Date(until), new Date(from)],
              );
        if (rowCount !== 1) return false;
        const stored = await query<{ score: ShadowScore }>(
          client,
          `select score from shadow_scores
           where tenant = $1 and surface = $2 and policy_version = $3 and day = $4 for no key update`,
          [...key, day],
        );
        const before = stored.at(0)?.score;
        const merged = before === undefined ? score : mergeShadowScores(before, score);
        await client.query(
          `insert into shadow_scores (tenant, surface, policy_version, day, score) values ($1, $2, $3, $4, $5)
           on conflict on constraint shadow_scores_pkey do update set score = excluded.score`,
          [...key, day, JSON.stringify(merged)],
        );
        return true;
      }),

    async list(tenant, surface) {
      const rows = await query<Row>(
        pool,
        `select surface, policy_version, day::text, score from shadow_scores
         where tenant = $1 and ($2::text is null or surface = $2) order by surface, policy_version, day`,
        [tenant, surface ?? null],
      );
      return rows.map(({ policy_version: policyVersion, ...row }) => ({ ...row, policyVersion }));
    },
  };
}
