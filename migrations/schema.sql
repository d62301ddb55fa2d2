-- Generated from a fresh database by `UPDATE_SCHEMA=1 npx vitest run test/postgres/schema.test.ts`.

create table alias_changes (
  id bigint not null generated always as identity,
  tenant text not null,
  surface text not null,
  alias text not null,
  version text not null,
  changed_at timestamp with time zone not null default now(),
  changed_by text not null,
  reason text,
  constraint alias_changes_pkey PRIMARY KEY (id)
);
CREATE INDEX alias_changes_surface_idx ON public.alias_changes USING btree (tenant, surface, id);

create table aliases (
  tenant text not null,
  surface text not null,
  alias text not null,
  version text not null,
  constraint aliases_pkey PRIMARY KEY (tenant, surface, alias),
  constraint aliases_version_fkey FOREIGN KEY (tenant, version) REFERENCES policy_versions(tenant, version)
);

create table api_keys (
  id text not null,
  key_hash text not null,
  tenant text not null,
  role text not null,
  surfaces text[],
  created_at timestamp with time zone not null default now(),
  revoked_at timestamp with time zone,
  constraint api_keys_hash_key UNIQUE (key_hash),
  constraint api_keys_pkey PRIMARY KEY (id),
  constraint api_keys_role_check CHECK ((role = ANY (ARRAY['decider'::text, 'analyst'::text, 'trainer'::text, 'admin'::text, 'reader'::text])))
);

create table artifact_signatures (
  artifact_hash text not null,
  key_id text not null,
  signature text not null,
  signed_at timestamp with time zone not null default now(),
  constraint artifact_signatures_pkey PRIMARY KEY (artifact_hash, key_id, signature),
  constraint artifact_signatures_artifact_fkey FOREIGN KEY (artifact_hash) REFERENCES artifacts(hash)
);

create table artifacts (
  hash text not null,
  bytes bytea not null,
  stored_at timestamp with time zone not null default now(),
  constraint artifacts_pkey PRIMARY KEY (hash)
);

create table audit_log (
  id bigint not null generated always as identity,
  tenant text not null,
  at timestamp with time zone not null default now(),
  actor text not null,
  action text not null,
  subject text not null,
  reason text,
  details jsonb not null,
  constraint audit_log_pkey PRIMARY KEY (id)
);
CREATE INDEX audit_log_tenant_idx ON public.audit_log USING btree (tenant, id DESC);

create table control_revision (
  is_only boolean not null default true,
  revision bigint not null,
  constraint control_revision_pkey PRIMARY KEY (is_only),
  constraint control_revision_one_row CHECK (is_only)
);

create table dead_letters (
  id text not null,
  received_at timestamp with time zone not null,
  reason text not null,
  record bytea not null,
  constraint dead_letters_pkey PRIMARY KEY (id)
);
CREATE INDEX dead_letters_received_idx ON public.dead_letters USING btree (received_at DESC);

create table decisions (
  day date not null,
  decision_id text not null,
  tenant text not null,
  surface text not null,
  schema_version integer not null,
  request_id text not null,
  unit_id text not null,
  session_id text,
  decided_at timestamp with time zone not null,
  action text not null,
  propensity double precision not null,
  probabilities double precision[] not null,
  draw double precision,
  policy_version text,
  experiment text,
  variant text,
  block integer,
  fallback text,
  is_forced boolean not null,
  stored_at timestamp with time zone not null default now(),
  event jsonb not null,
  constraint decisions_pkey PRIMARY KEY (day, decision_id)
) partition by range (day);
CREATE INDEX decisions_experiment_idx ON public.decisions USING btree (tenant, experiment, stored_at) WHERE (experiment IS NOT NULL);
CREATE INDEX decisions_unit_idx ON public.decisions USING btree (tenant, surface, unit_id, decided_at, decision_id);

create table experiment_arrivals (
  tenant text not null,
  experiment text not null,
  variant text not null,
  block integer not null,
  day date not null,
  units bigint not null,
  multiple_units bigint not null,
  first_at timestamp with time zone not null,
  last_at timestamp with time zone not null,
  constraint experiment_arrivals_pkey PRIMARY KEY (tenant, experiment, variant, block, day)
);

create table experiment_cells (
  tenant text not null,
  experiment text not null,
  variant text not null,
  block integer not null,
  day date not null,
  is_held_out boolean not null,
  statistics jsonb not null,
  constraint experiment_cells_pkey PRIMARY KEY (tenant, experiment, variant, block, day, is_held_out)
);

create table experiment_cursors (
  tenant text not null,
  experiment text not null,
  read_until timestamp with time zone not null,
  constraint experiment_cursors_pkey PRIMARY KEY (tenant, experiment)
);

create table experiment_looks (
  tenant text not null,
  experiment text not null,
  number integer not null,
  looked_at timestamp with time zone not null default now(),
  looked_by text not null,
  look jsonb not null,
  constraint experiment_looks_pkey PRIMARY KEY (tenant, experiment, number),
  constraint experiment_looks_experiment_fkey FOREIGN KEY (tenant, experiment) REFERENCES experiments(tenant, id)
);

create table experiment_units (
  tenant text not null,
  experiment text not null,
  unit_id text not null,
  variant text not null,
  block integer,
  first_assigned_at timestamp with time zone not null,
  first_stored_at timestamp with time zone not null,
  is_multiple boolean not null default false,
  entered_at timestamp with time zone,
  constraint experiment_units_pkey PRIMARY KEY (tenant, experiment, unit_id),
  constraint experiment_units_experiment_fkey FOREIGN KEY (tenant, experiment) REFERENCES experiments(tenant, id)
);
CREATE INDEX experiment_units_open_idx ON public.experiment_units USING btree (tenant, experiment, first_assigned_at) WHERE ((entered_at IS NULL) AND (NOT is_multiple) AND (block IS NOT NULL));

create table experiment_variances (
  tenant text not null,
  experiment text not null,
  treatment text not null,
  metric text not null,
  difference double precision not null,
  level double precision not null,
  fixed_at timestamp with time zone not null default now(),
  constraint experiment_variances_pkey PRIMARY KEY (tenant, experiment, treatment, metric)
);

create table experiments (
  tenant text not null,
  id text not null,
  surface text not null,
  state text not null,
  definition jsonb not null,
  created_at timestamp with time zone not null default now(),
  changed_at timestamp with time zone not null default now(),
  constraint experiments_pkey PRIMARY KEY (tenant, id),
  constraint experiments_surface_fkey FOREIGN KEY (tenant, surface) REFERENCES surfaces(tenant, name),
  constraint experiments_state_check CHECK ((state = ANY (ARRAY['draft'::text, 'running'::text, 'paused'::text, 'decided'::text, 'stopped'::text, 'rolled-back'::text])))
);
CREATE INDEX experiments_surface_idx ON public.experiments USING btree (tenant, surface);

create table exposures (
  day date not null,
  tenant text not null,
  event_id text not null,
  decision_id text not null,
  occurred_at timestamp with time zone not null,
  received_at timestamp with time zone not null,
  stored_at timestamp with time zone not null default now(),
  event jsonb not null,
  constraint exposures_pkey PRIMARY KEY (day, tenant, event_id)
) partition by range (day);
CREATE INDEX exposures_decision_idx ON public.exposures USING btree (decision_id);

create table forecasts (
  tenant text not null,
  surface text not null,
  policy_version text not null,
  response text not null,
  estimand text not null,
  offline_value double precision not null,
  offline_lower double precision not null,
  offline_upper double precision not null,
  online_value double precision,
  online_lower double precision,
  online_upper double precision,
  saved_at timestamp with time zone not null default now(),
  online_standard_error double precision,
  measured_at timestamp with time zone,
  constraint forecasts_pkey PRIMARY KEY (tenant, surface, policy_version, response, estimand)
);

create table forgotten_decisions (
  day date not null,
  decision_id text not null,
  constraint forgotten_decisions_pkey PRIMARY KEY (day, decision_id)
);

create table forgotten_units (
  tenant text not null,
  unit_hash text not null,
  forgotten_at timestamp with time zone not null default now(),
  constraint forgotten_units_pkey PRIMARY KEY (tenant, unit_hash)
);

create table interactions (
  day date not null,
  tenant text not null,
  event_id text not null,
  decision_id text not null,
  type text not null,
  value double precision not null,
  occurred_at timestamp with time zone not null,
  received_at timestamp with time zone not null,
  stored_at timestamp with time zone not null default now(),
  event jsonb not null,
  constraint interactions_pkey PRIMARY KEY (day, tenant, event_id)
) partition by range (day);
CREATE INDEX interactions_decision_idx ON public.interactions USING btree (decision_id);

create table job_workers (
  worker_id text not null,
  beat_at timestamp with time zone not null default now(),
  constraint job_workers_pkey PRIMARY KEY (worker_id)
);

create table leader_epochs (
  name text not null,
  epoch bigint not null,
  holder text not null,
  elected_at timestamp with time zone not null default now(),
  constraint leader_epochs_pkey PRIMARY KEY (name)
);

create table migrations (
  id integer not null default nextval('migrations_id_seq'::regclass),
  name character varying(255) not null,
  run_on timestamp without time zone not null,
  constraint migrations_pkey PRIMARY KEY (id)
);

create table policy_versions (
  tenant text not null,
  version text not null,
  surface text not null,
  number integer not null,
  algorithm text not null,
  artifact_hash text,
  header jsonb,
  created_at timestamp with time zone not null default now(),
  created_by text not null,
  constraint policy_versions_artifact_key UNIQUE (tenant, surface, artifact_hash),
  constraint policy_versions_number_key UNIQUE (tenant, surface, number),
  constraint policy_versions_pkey PRIMARY KEY (tenant, version),
  constraint policy_versions_artifact_fkey FOREIGN KEY (artifact_hash) REFERENCES artifacts(hash),
  constraint policy_versions_surface_fkey FOREIGN KEY (tenant, surface) REFERENCES surfaces(tenant, name)
);
CREATE UNIQUE INDEX policy_versions_external_key ON public.policy_versions USING btree (tenant, surface, algorithm) WHERE (artifact_hash IS NULL);

create table pseudonym_keys (
  fingerprint text not null,
  first_used_at timestamp with time zone not null default now(),
  last_used_at timestamp with time zone not null default now(),
  constraint pseudonym_keys_pkey PRIMARY KEY (fingerprint)
);

create table replicas (
  replica_id text not null,
  revision bigint not null,
  confirmed_at timestamp with time zone not null default now(),
  constraint replicas_pkey PRIMARY KEY (replica_id)
);

create table retention_horizon (
  is_only boolean not null default true,
  before date not null,
  constraint retention_horizon_pkey PRIMARY KEY (is_only),
  constraint retention_horizon_one_check CHECK (is_only)
);

create table runs (
  tenant text not null,
  id text not null,
  kind text not null,
  surface text not null,
  state text not null default 'queued'::text,
  config jsonb not null,
  result jsonb,
  report_html text,
  error text,
  created_at timestamp with time zone not null default now(),
  created_by text not null,
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  is_job boolean not null default false,
  kills integer not null default 0,
  constraint runs_pkey PRIMARY KEY (tenant, id),
  constraint runs_kind_check CHECK ((kind = ANY (ARRAY['snapshot'::text, 'training'::text, 'evaluation'::text, 'promotion'::text]))),
  constraint runs_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'succeeded'::text, 'failed'::text])))
);
CREATE INDEX runs_created_idx ON public.runs USING btree (tenant, created_at DESC);
CREATE INDEX runs_open_idx ON public.runs USING btree (tenant, id) WHERE (is_job AND (state = ANY (ARRAY['queued'::text, 'running'::text])));

create table shadow_cursors (
  tenant text not null,
  surface text not null,
  policy_version text not null,
  read_until timestamp with time zone not null,
  constraint shadow_cursors_pkey PRIMARY KEY (tenant, surface, policy_version)
);

create table shadow_scores (
  tenant text not null,
  surface text not null,
  policy_version text not null,
  day date not null,
  score jsonb not null,
  constraint shadow_scores_pkey PRIMARY KEY (tenant, surface, policy_version, day)
);

create table surfaces (
  tenant text not null,
  name text not null,
  schema_version integer not null,
  definition jsonb not null,
  is_killed boolean not null default false,
  declared_at timestamp with time zone not null default now(),
  constraint surfaces_pkey PRIMARY KEY (tenant, name)
);

CREATE OR REPLACE FUNCTION public.ensure_event_partitions(days date[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION public.forgotten_unit_hash(tenant text, unit_id text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
  select encode(sha256(convert_to(tenant || U&'\001f' || unit_id, 'UTF8')), 'hex')
$function$
;
