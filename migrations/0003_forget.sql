-- What keeps a forgotten unit away. Only hashes: the tables say "this one may not come back", not who it was.

-- SHA-256 over tenant, U+001F and unit id, hex. Ids that can be guessed can be tested against it, so
-- `allot retention apply` takes the rows out once no event of that time can arrive any more.
create table forgotten_units (
  tenant text not null,
  unit_hash text not null,
  forgotten_at timestamptz not null default now(),
  constraint forgotten_units_pkey primary key (tenant, unit_hash)
);

-- Feedback names its decision and not its unit, so the decisions of forgotten units are kept away by their ids.
create table forgotten_decisions (
  day date not null,
  decision_id text not null,
  constraint forgotten_decisions_pkey primary key (day, decision_id)
);

create function forgotten_unit_hash(tenant text, unit_id text) returns text
language sql immutable strict parallel safe
as $$
  select encode(sha256(convert_to(tenant || U&'\001f' || unit_id, 'UTF8')), 'hex')
$$;
