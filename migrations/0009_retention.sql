-- Days before this one were dropped by retention. What live delivery brings for them later is not stored again; an import
-- may. One row, or none before retention was first applied; it only grows.
create table retention_horizon (
  is_only boolean not null default true,
  before date not null,
  constraint retention_horizon_pkey primary key (is_only),
  constraint retention_horizon_one_check check (is_only)
);
