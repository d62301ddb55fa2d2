-- Experiments that run by themselves: what their looks read, by unit and as sums, and shadow scores.

alter table experiments drop constraint experiments_state_check;
alter table experiments add constraint experiments_state_check
  check (state in ('draft', 'running', 'paused', 'decided', 'stopped', 'rolled-back'));

-- New rows of an experiment in the order of their arrival: a look reads what came since the last one.
create index decisions_experiment_idx on decisions (tenant, experiment, stored_at) where experiment is not null;

-- One row per unit and experiment. A unit enters the sums once: when its outcome window has closed.
create table experiment_units (
  tenant text not null,
  experiment text not null,
  unit_id text not null,
  variant text not null,
  -- null: put on its variant by hand, counted and never analysed
  block integer,
  first_assigned_at timestamptz not null,
  -- of its first decision: after an outage of ingest a window may be over before its feedback was read
  first_stored_at timestamptz not null,
  -- seen on more than one side: left out and counted
  is_multiple boolean not null default false,
  entered_at timestamptz,
  constraint experiment_units_pkey primary key (tenant, experiment, unit_id),
  constraint experiment_units_experiment_fkey foreign key (tenant, experiment) references experiments (tenant, id)
);
create index experiment_units_open_idx on experiment_units (tenant, experiment, first_assigned_at)
where entered_at is null and not is_multiple and block is not null;

-- Units first assigned, added up as they arrive: the sample ratio looks at these, not at a count over all units.
create table experiment_arrivals (
  tenant text not null,
  experiment text not null,
  variant text not null,
  -- −1: put on the variant by hand
  block integer not null,
  day date not null,
  units bigint not null,
  multiple_units bigint not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  constraint experiment_arrivals_pkey primary key (tenant, experiment, variant, block, day)
);

-- Sums of the units that have entered: `statistics` is mergeable, by metric.
create table experiment_cells (
  tenant text not null,
  experiment text not null,
  variant text not null,
  block integer not null,
  -- of first assignment
  day date not null,
  is_held_out boolean not null,
  statistics jsonb not null,
  constraint experiment_cells_pkey primary key (tenant, experiment, variant, block, day, is_held_out)
);

-- How far the units were read, by when the rows were stored.
create table experiment_cursors (
  tenant text not null,
  experiment text not null,
  read_until timestamptz not null,
  constraint experiment_cursors_pkey primary key (tenant, experiment)
);

-- What a candidate would have answered to live requests, as mergeable sums by day.
create table shadow_scores (
  tenant text not null,
  surface text not null,
  policy_version text not null,
  day date not null,
  score jsonb not null,
  constraint shadow_scores_pkey primary key (tenant, surface, policy_version, day)
);

create table shadow_cursors (
  tenant text not null,
  surface text not null,
  policy_version text not null,
  read_until timestamptz not null,
  constraint shadow_cursors_pkey primary key (tenant, surface, policy_version)
);

alter table forecasts
  add column online_standard_error double precision,
  add column measured_at timestamptz;
