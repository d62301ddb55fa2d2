-- What a mixture test was tuned to: fixed by the first look that could tell, and never written again.

-- By metric, of one treatment against control; no unit is in it.
create table experiment_variances (
  tenant text not null,
  experiment text not null,
  treatment text not null,
  metric text not null,
  -- of treatment minus control, per unit of both
  difference double precision not null,
  -- of the treatment's own mean, per unit of it
  level double precision not null,
  fixed_at timestamptz not null default now(),
  constraint experiment_variances_pkey primary key (tenant, experiment, treatment, metric)
);
