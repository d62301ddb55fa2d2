-- What deciders and feeds say: partitioned by the day inside the decision id, for feedback too. PostgreSQL wants the
-- partition key in every unique key; as the day never depends on arrival, a repeat always meets its first copy.

create table decisions (
  day date not null,
  decision_id text not null,
  tenant text not null,
  surface text not null,
  schema_version integer not null,
  request_id text not null,
  unit_id text not null,
  session_id text,
  decided_at timestamptz not null,
  action text not null,
  propensity double precision not null,
  -- exact: PostgreSQL and JavaScript both print the shortest text that reads back as the same double
  probabilities double precision[] not null,
  -- null where an imported decision was made elsewhere
  draw double precision,
  policy_version text,
  experiment text,
  variant text,
  block integer,
  fallback text,
  is_forced boolean not null,
  stored_at timestamptz not null default now(),
  -- the whole event as it came, unknown fields included
  event jsonb not null,
  constraint decisions_pkey primary key (day, decision_id)
) partition by range (day);

-- The order in which snapshots are read: a merge over the partitions, no sort.
create index decisions_unit_idx on decisions (tenant, surface, unit_id, decided_at, decision_id);

create table exposures (
  day date not null,
  tenant text not null,
  event_id text not null,
  decision_id text not null,
  occurred_at timestamptz not null,
  received_at timestamptz not null,
  stored_at timestamptz not null default now(),
  event jsonb not null,
  constraint exposures_pkey primary key (day, tenant, event_id)
) partition by range (day);
create index exposures_decision_idx on exposures (decision_id);

create table interactions (
  day date not null,
  tenant text not null,
  event_id text not null,
  decision_id text not null,
  type text not null,
  value double precision not null,
  occurred_at timestamptz not null,
  received_at timestamptz not null,
  stored_at timestamptz not null default now(),
  event jsonb not null,
  constraint interactions_pkey primary key (day, tenant, event_id)
) partition by range (day);
create index interactions_decision_idx on interactions (decision_id);

-- Records that cannot be stored. The id is a hash of the record: the same poison delivered again is one row.
create table dead_letters (
  id text not null,
  received_at timestamptz not null,
  reason text not null,
  record bytea not null,
  constraint dead_letters_pkey primary key (id)
);
create index dead_letters_received_idx on dead_letters (received_at desc);

-- Makes the partitions of the given days, ahead or on demand (imports are years old). A table is made alone and then
-- attached: that takes a lock under which others go on reading and writing, `create … partition of` does not.
create function ensure_event_partitions(days date[]) returns void
language plpgsql
as $$
declare
  parent text;
  wanted date;
  child text;
begin
  -- one maker at a time; the others find the work done
  perform pg_advisory_xact_lock(hashtextextended('allot.event_partitions', 0));
  foreach parent in array array['decisions', 'exposures', 'interactions'] loop
    for wanted in select distinct d from unnest(days) as d order by d loop
      child := parent || '_' || to_char(wanted, 'YYYYMMDD');
      if to_regclass(child) is null then
        execute format('create table %I (like %I including all)', child, parent);
        execute format(
          'alter table %I attach partition %I for values from (%L) to (%L)', parent, child, wanted, wanted + 1);
      end if;
    end loop;
  end loop;
end
$$;
