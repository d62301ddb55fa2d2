-- Runs that no accident leaves open, and signatures that nobody can overwrite.

alter table runs
  -- false: somebody runs it by hand, in a process of their own
  add column is_job boolean not null default false,
  -- how often its process was killed; a stop or the death of its controller is none of its doing
  add column kills integer not null default 0;
update runs set is_job = true where state in ('queued', 'running') and created_by <> 'cli';
-- read every few seconds: open runs whose job was lost get one again
create index runs_open_idx on runs (tenant, id) where is_job and state in ('queued', 'running');

-- A signature is checked by who reads it. Whoever may only add one of their own making cannot take a good one away.
alter table artifact_signatures drop constraint artifact_signatures_pkey;
alter table artifact_signatures add constraint artifact_signatures_pkey primary key (artifact_hash, key_id, signature);
