-- What is remembered about keys, never the keys: which named the units, and which signed the policies.

-- One row per pseudonym key that was ever in use, by a fingerprint that tells nothing about it.
create table pseudonym_keys (
  fingerprint text not null,
  first_used_at timestamptz not null default now(),
  last_used_at timestamptz not null default now(),
  constraint pseudonym_keys_pkey primary key (fingerprint)
);

-- Ed25519, base64url; several keys may have signed one artifact, so that keys can be changed one after the other.
create table artifact_signatures (
  artifact_hash text not null,
  key_id text not null,
  signature text not null,
  signed_at timestamptz not null default now(),
  constraint artifact_signatures_pkey primary key (artifact_hash, key_id),
  constraint artifact_signatures_artifact_fkey foreign key (artifact_hash) references artifacts (hash)
);
