import type pg from 'pg';
import { lowestDecisionIdAt } from '../core/feedback/decision-id-range.ts';
import type { DecidedRange, FeedbackCounts, JoinCounts, JoinReader } from '../service/ports/join-reader.ts';
import { ensureStatistics } from './partition-statistics.ts';
import { query } from './transaction.ts';

/** Sessions without an id end after such a gap, as in a snapshot. */
const SESSION_GAP = `interval '30 minutes'`;
const DAY_MS = 86_400_000;

export function createJoinReader(pool: pg.Pool): JoinReader {
  return {
    async joined(range, rules, limit) {
      const responses = rules.flatMap(({ tenant, surface, responses: all }) =>
        all.map((response) => ({ tenant, surface, ...response })),
      );
      const keys = keysOf(range);
      await ensureStatistics(pool, keys[0], keys[1]);
      const rows = await query<JoinedRow>(pool, JOINED, [
        ...keys,
        limit,
        responses.map(({ tenant }) => tenant),
        responses.map(({ surface }) => surface),
        responses.map(({ name }) => name),
        responses.map(({ interaction }) => interaction),
        responses.map(({ windowSeconds }) => windowSeconds),
      ]);
      return rows.map(toCounts);
    },

    async feedback(range, limit) {
      const keys = keysOf(range);
      await ensureStatistics(pool, keys[0], keys[1]);
      const counts: FeedbackCounts[] = [];
      for (const kind of ['exposure', 'interaction'] as const) {
        const [row] = await query<{ all: string; joined: string }>(pool, feedbackOf(`${kind}s`), [
          ...keys,
          limit,
        ]);
        counts.push({ kind, joined: Number(row.joined), orphans: Number(row.all) - Number(row.joined) });
      }
      return counts;
    },

    async pending(range, limit) {
      const keys = keysOf(range);
      await ensureStatistics(pool, keys[0], keys[1]);
      const rows = await query<{ tenant: string; surface: string; decisions: string }>(pool, PENDING, [
        ...keys,
        limit,
      ]);
      return rows.map((row) => ({ ...row, decisions: Number(row.decisions) }));
    },
  };
}

/** First and last day, first and last id: a range of the primary key. */
const keysOf = ({ from, until }: DecidedRange): readonly [string, string, string, string] => [
  dayOf(from),
  dayOf(until),
  lowestDecisionIdAt(from),
  lowestDecisionIdAt(until),
];

const dayOf = (ms: number): string => new Date(Math.floor(ms / DAY_MS) * DAY_MS).toISOString().slice(0, 10);

const SLICE = `
  select tenant, surface, day, decision_id, request_id, unit_id, session_id, decided_at
  from decisions
  where day between $1::date and $2::date and decision_id >= $3 and decision_id < $4
  order by day, decision_id limit $5`;

const exposed = (decision: string): string => `exists (
    select from exposures e
    where e.day = ${decision}.day and e.decision_id = ${decision}.decision_id and e.tenant = ${decision}.tenant)`;

const JOINED = `
  with slice as materialized (${SLICE}),
  specs as materialized (
    select * from unnest($6::text[], $7::text[], $8::text[], $9::text[], $10::float8[])
      as s (tenant, surface, response, interaction, window_seconds)
  ),
  answers as materialized (
    select s.*, ${exposed('s')} as is_exposed
    from slice s where (s.tenant, s.surface) in (select tenant, surface from specs)
  ),
  judged as materialized (
    select a.*,
      count(*) over request > 1 as has_twin,
      count(*) filter (where is_exposed) over request > 1 as has_exposed_twin
    from answers a window request as (partition by tenant, surface, unit_id, request_id)
  ),
  kept as materialized (select * from judged where is_exposed and not has_exposed_twin),
  events as materialized (
    select k.tenant, k.surface, k.decision_id, s.response, i.event_id,
      i.occurred_at >= k.decided_at
        and i.occurred_at <= k.decided_at + s.window_seconds * interval '1 second' as is_inside
    from kept k
    join interactions i on i.day = k.day and i.decision_id = k.decision_id and i.tenant = k.tenant
    join specs s on s.tenant = k.tenant and s.surface = k.surface and s.interaction = i.type
  ),
  answered as (
    select tenant, surface, response, count(distinct decision_id) as n
    from events where is_inside group by 1, 2, 3
  ),
  late as (
    select tenant, surface, count(*) as n from (
      select tenant, surface, decision_id, event_id from events group by 1, 2, 3, 4 having not bool_or(is_inside)
    ) as outside group by 1, 2
  ),
  totals as (
    select tenant, surface,
      count(*) filter (where is_exposed and not has_exposed_twin) as delivered,
      count(*) filter (where not is_exposed and not has_twin) as undelivered,
      count(*) filter (where is_exposed and has_exposed_twin) as twins,
      count(*) filter (where not is_exposed and has_twin) as undelivered_twins
    from judged group by 1, 2
  ),
  followed as (
    select k.tenant, k.surface, count(*) as n from kept k
    where exists (
      select from decisions n
      where n.tenant = k.tenant and n.surface = k.surface and n.unit_id = k.unit_id
        and n.day between $1::date and $2::date + 1
        and (n.decided_at, n.decision_id) > (k.decided_at, k.decision_id)
        and (n.session_id = k.session_id
          or n.session_id is null and k.session_id is null and n.decided_at <= k.decided_at + ${SESSION_GAP})
        and ${exposed('n')})
    group by 1, 2
  )
  select t.*, coalesce(f.n, 0) as transitions, coalesce(l.n, 0) as late_events,
    (select jsonb_object_agg(s.response, t.delivered - coalesce(a.n, 0))
     from specs s left join answered a using (tenant, surface, response)
     where s.tenant = t.tenant and s.surface = t.surface) as default_outcomes
  from totals t left join followed f using (tenant, surface) left join late l using (tenant, surface)
  order by t.tenant, t.surface`;

interface JoinedRow {
  readonly tenant: string;
  readonly surface: string;
  readonly delivered: string;
  readonly undelivered: string;
  readonly twins: string;
  readonly undelivered_twins: string;
  readonly transitions: string;
  readonly late_events: string;
  readonly default_outcomes: Readonly<Record<string, number>>;
}

const toCounts = (row: JoinedRow): JoinCounts => ({
  tenant: row.tenant,
  surface: row.surface,
  delivered: Number(row.delivered),
  undelivered: Number(row.undelivered),
  twins: Number(row.twins),
  undeliveredTwins: Number(row.undelivered_twins),
  transitions: Number(row.transitions),
  lateEvents: Number(row.late_events),
  defaultOutcomes: row.default_outcomes,
});

const feedbackOf = (table: string): string => `
  with slice as materialized (
    select day, decision_id, tenant from ${table}
    where day between $1::date and $2::date and decision_id >= $3 and decision_id < $4
    order by decision_id limit $5
  )
  select count(*) as all, count(*) filter (where exists (
    select from decisions d where d.day = s.day and d.decision_id = s.decision_id and d.tenant = s.tenant)) as joined
  from slice s`;

const PENDING = `
  with slice as materialized (${SLICE})
  select tenant, surface, count(*) as decisions from slice s where not ${exposed('s')} group by 1, 2 order by 1, 2`;
