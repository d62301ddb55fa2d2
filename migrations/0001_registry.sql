-- Everything that changes by hand or by a job: surfaces, policies, experiments, runs, keys. Small, not partitioned.

-- One row. Its lock serialises changes of what deciders read, so revisions are committed in their own order.
create table control_revision (
  is_only boolean not null default true,
  revision bigint not null,
  constraint control_revision_pkey primary key (is_only),
  constraint control_revision_one_row check (is_only)
);
insert into control_revision (revision) values (1);

create table surfaces (
  tenant text not null,
  name text not null,
  schema_version integer not null,
  definition jsonb not null,
  is_killed boolean not null default false,
  declared_at timestamptz not null default now(),
  constraint surfaces_pkey primary key (tenant, name)
);

-- Bytes by their own hash: two tenants or versions with the same artifact share them.
create table artifacts (
  hash text not null,
  bytes bytea not null,
  stored_at timestamptz not null default now(),
  constraint artifacts_pkey primary key (hash)
);

create table policy_versions (
  tenant text not null,
  version text not null,
  surface text not null,
  number integer not null,
  algorithm text not null,
  -- null: a behaviour policy of elsewhere, known by name only
  artifact_hash text,
  header jsonb,
  created_at timestamptz not null default now(),
  created_by text not null,
  constraint policy_versions_pkey primary key (tenant, version),
  constraint policy_versions_surface_fkey foreign key (tenant, surface) references surfaces (tenant, name),
  constraint policy_versions_artifact_fkey foreign key (artifact_hash) references artifacts (hash),
  constraint policy_versions_number_key unique (tenant, surface, number),
  -- the same bytes give the same version again
  constraint policy_versions_artifact_key unique (tenant, surface, artifact_hash)
);

-- For an external policy `algorithm` is `external:<name>`.
create unique index policy_versions_external_key on policy_versions (tenant, surface, algorithm)
where artifact_hash is null;

create table aliases (
  tenant text not null,
  surface text not null,
  alias text not null,
  version text not null,
  constraint aliases_pkey primary key (tenant, surface, alias),
  constraint aliases_version_fkey foreign key (tenant, version) references policy_versions (tenant, version)
);

create table alias_changes (
  id bigint generated always as identity,
  tenant text not null,
  surface text not null,
  alias text not null,
  version text not null,
  changed_at timestamptz not null default now(),
  changed_by text not null,
  reason text,
  constraint alias_changes_pkey primary key (id)
);
create index alias_changes_surface_idx on alias_changes (tenant, surface, id);

create table experiments (
  tenant text not null,
  id text not null,
  surface text not null,
  state text not null,
  -- variants and ramp blocks live inside: they are read and changed with their experiment only
  definition jsonb not null,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  constraint experiments_pkey primary key (tenant, id),
  constraint experiments_surface_fkey foreign key (tenant, surface) references surfaces (tenant, name),
  constraint experiments_state_check check (state in ('draft', 'running', 'paused', 'stopped', 'rolled-back'))
);
create index experiments_surface_idx on experiments (tenant, surface);

create table experiment_looks (
  tenant text not null,
  experiment text not null,
  number integer not null,
  looked_at timestamptz not null default now(),
  looked_by text not null,
  look jsonb not null,
  constraint experiment_looks_pkey primary key (tenant, experiment, number),
  constraint experiment_looks_experiment_fkey foreign key (tenant, experiment) references experiments (tenant, id)
);

-- Snapshots, training runs, evaluation runs and promotions: one life cycle, so one table by kind.
create table runs (
  tenant text not null,
  id text not null,
  kind text not null,
  surface text not null,
  state text not null default 'queued',
  config jsonb not null,
  result jsonb,
  report_html text,
  error text,
  created_at timestamptz not null default now(),
  created_by text not null,
  started_at timestamptz,
  finished_at timestamptz,
  constraint runs_pkey primary key (tenant, id),
  constraint runs_kind_check check (kind in ('snapshot', 'training', 'evaluation', 'promotion')),
  constraint runs_state_check check (state in ('queued', 'running', 'succeeded', 'failed'))
);
create index runs_created_idx on runs (tenant, created_at desc);

create table forecasts (
  tenant text not null,
  surface text not null,
  policy_version text not null,
  response text not null,
  estimand text not null,
  offline_value double precision not null,
  offline_lower double precision not null,
  offline_upper double precision not null,
  -- null until an experiment has measured it
  online_value double precision,
  online_lower double precision,
  online_upper double precision,
  saved_at timestamptz not null default now(),
  constraint forecasts_pkey primary key (tenant, surface, policy_version, response, estimand)
);

create table api_keys (
  id text not null,
  -- SHA-256 of the key; the key itself is shown once and stored nowhere
  key_hash text not null,
  tenant text not null,
  role text not null,
  -- null: every surface of the tenant
  surfaces text[],
  created_at timestamptz not null default now(),
  revoked_at timestamptz,
  constraint api_keys_pkey primary key (id),
  constraint api_keys_hash_key unique (key_hash),
  constraint api_keys_role_check check (role in ('decider', 'analyst', 'trainer', 'admin', 'reader'))
);

create table audit_log (
  id bigint generated always as identity,
  tenant text not null,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  subject text not null,
  reason text,
  details jsonb not null,
  constraint audit_log_pkey primary key (id)
);
create index audit_log_tenant_idx on audit_log (tenant, id desc);

-- Which revision each replica serves: answers "has everybody seen the kill?".
create table replicas (
  replica_id text not null,
  revision bigint not null,
  confirmed_at timestamptz not null default now(),
  constraint replicas_pkey primary key (replica_id)
);

-- A leader's number: every write of a controller carries it, so a leader that was away cannot write late.
create table leader_epochs (
  name text not null,
  epoch bigint not null,
  holder text not null,
  elected_at timestamptz not null default now(),
  constraint leader_epochs_pkey primary key (name)
);

-- Job workers tell that they live: a killed worker's job would otherwise stay locked for four hours.
create table job_workers (
  worker_id text not null,
  beat_at timestamptz not null default now(),
  constraint job_workers_pkey primary key (worker_id)
);
