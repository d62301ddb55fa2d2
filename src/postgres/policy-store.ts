import type pg from 'pg';
import { AllotError } from '../core/errors.ts';
import type { ArtifactHeader } from '../core/policy/artifact.ts';
import type { ArtifactSignature } from '../service/ports/control.ts';
import type { Actor, AliasChange, PolicyStore, PolicyVersion } from '../service/ports/stores.ts';
import { changeControl, query, type Change } from './transaction.ts';

interface VersionRow {
  readonly version: string;
  readonly surface: string;
  readonly algorithm: string;
  readonly artifact_hash: string | null;
  readonly header: ArtifactHeader | null;
  readonly created_at: Date;
}

const COLUMNS = 'version, surface, algorithm, artifact_hash, header, created_at';

export function createPolicyStore(pool: pg.Pool): PolicyStore {
  return {
    publish: (policy, actor) =>
      changeControl(pool, actor, async (client) => {
        const { surface, header, hash } = policy;
        // Before the lock: a kill of the surface waits for no upload.
        await client.query('insert into artifacts (hash, bytes) values ($1, $2) on conflict do nothing', [
          hash,
          Buffer.from(policy.bytes),
        ]);
        await lockSurface(client, actor.tenant, surface);
        const known = await findBy(client, actor.tenant, surface, 'artifact_hash = $3', hash);
        if (known !== undefined) {
          const isNew = await addSignature(client, hash, policy.signature);
          const change = { action: 'policy.sign', subject: known.version, details: { artifactHash: hash } };
          return { result: known, change: isNew ? change : null };
        }
        await addSignature(client, hash, policy.signature);
        const version = await insertVersion(client, actor, {
          surface,
          algorithm: header.algorithm,
          hash,
          header,
        });
        const change = {
          action: 'policy.publish',
          subject: version.version,
          details: { artifactHash: hash },
        };
        return { result: version, change };
      }),

    publishExternal: (surface, name, actor) =>
      changeControl(pool, actor, async (client) => {
        await lockSurface(client, actor.tenant, surface);
        const algorithm = `external:${name}`;
        const known = await findBy(
          client,
          actor.tenant,
          surface,
          'artifact_hash is null and algorithm = $3',
          algorithm,
        );
        if (known !== undefined) return { result: known, change: null };
        const version = await insertVersion(client, actor, { surface, algorithm, hash: null, header: null });
        const change = { action: 'policy.publish-external', subject: version.version, details: { name } };
        return { result: version, change };
      }),

    async find(tenant, version) {
      const rows = await query<VersionRow>(
        pool,
        `select ${COLUMNS} from policy_versions where tenant = $1 and version = $2`,
        [tenant, version],
      );
      return rows[0] === undefined ? undefined : toVersion(rows[0]);
    },

    async list(tenant, surface) {
      const rows = await query<VersionRow>(
        pool,
        `select ${COLUMNS} from policy_versions
         where tenant = $1 and ($2::text is null or surface = $2) order by surface, number`,
        [tenant, surface ?? null],
      );
      return rows.map(toVersion);
    },

    async artifact(tenant, version) {
      const rows = await query<{ bytes: Buffer }>(
        pool,
        `select a.bytes from policy_versions v join artifacts a on a.hash = v.artifact_hash
         where v.tenant = $1 and v.version = $2`,
        [tenant, version],
      );
      return rows[0] === undefined ? undefined : new Uint8Array(rows[0].bytes);
    },

    sign: (version, signature, actor) =>
      changeControl(pool, actor, async (client) => {
        const hash = await hashOf(client, actor.tenant, version);
        const isNew = await addSignature(client, hash, signature);
        const { keyId } = signature;
        const change = { action: 'policy.sign', subject: version, details: { artifactHash: hash, keyId } };
        return { result: undefined, change: isNew ? change : null };
      }),

    async signatures(tenant, version) {
      const rows = await query<{ key_id: string; signature: string }>(
        pool,
        `select s.key_id, s.signature from policy_versions v join artifact_signatures s on s.artifact_hash = v.artifact_hash
         where v.tenant = $1 and v.version = $2 order by s.key_id, s.signature`,
        [tenant, version],
      );
      return rows.map((row) => ({ keyId: row.key_id, signature: row.signature }));
    },

    setAlias: (surface, alias, version, actor) =>
      changeControl(pool, actor, async (client) => ({
        result: undefined,
        change: await moveAlias(client, { surface, alias, version }, actor),
      })),

    async aliases(tenant, surface) {
      const rows = await query<{ alias: string; version: string }>(
        pool,
        'select alias, version from aliases where tenant = $1 and surface = $2 order by alias',
        [tenant, surface],
      );
      return Object.fromEntries(rows.map((row) => [row.alias, row.version]));
    },

    aliasHistory: (tenant, surface) => aliasHistory(pool, tenant, surface),
  };
}

/** What the audit trail is to keep of it; null where the alias is there already. */
export async function moveAlias(
  client: pg.ClientBase,
  { surface, alias, version }: Readonly<Record<'surface' | 'alias' | 'version', string>>,
  actor: Actor,
): Promise<Change | null> {
  await lockSurface(client, actor.tenant, surface);
  await requireVersion(client, actor.tenant, surface, version);
  const { rowCount } = await client.query(
    `insert into aliases (tenant, surface, alias, version) values ($1, $2, $3, $4)
     on conflict on constraint aliases_pkey do update set version = excluded.version
     where aliases.version <> excluded.version`,
    [actor.tenant, surface, alias, version],
  );
  if (rowCount === 0) return null;
  await client.query(
    `insert into alias_changes (tenant, surface, alias, version, changed_by, reason)
     values ($1, $2, $3, $4, $5, $6)`,
    [actor.tenant, surface, alias, version, actor.id, actor.reason ?? null],
  );
  return { action: 'alias.set', subject: `${surface}/${alias}`, details: { version } };
}

async function hashOf(client: pg.ClientBase, tenant: string, version: string): Promise<string> {
  const rows = await query<{ artifact_hash: string | null }>(
    client,
    'select artifact_hash from policy_versions where tenant = $1 and version = $2',
    [tenant, version],
  );
  if (rows[0] === undefined) throw new AllotError('policy_unknown', `version: ${version} is not registered`);
  const hash = rows[0].artifact_hash;
  if (hash === null) throw new AllotError('state_conflict', `version: ${version} has no artifact to sign`);
  return hash;
}

/** Did anything change? Deciders that refused the artifact must hear of it. Who cannot check a signature cannot replace one. */
async function addSignature(
  client: pg.ClientBase,
  hash: string,
  signed: ArtifactSignature | undefined,
): Promise<boolean> {
  if (signed === undefined) return false;
  const { rowCount } = await client.query(
    `insert into artifact_signatures (artifact_hash, key_id, signature) values ($1, $2, $3)
     on conflict on constraint artifact_signatures_pkey do nothing`,
    [hash, signed.keyId, signed.signature],
  );
  return rowCount === 1;
}

/** Serialises what numbers versions of one surface. */
async function lockSurface(client: pg.ClientBase, tenant: string, surface: string): Promise<void> {
  const { rowCount } = await client.query(
    'select from surfaces where tenant = $1 and name = $2 for no key update',
    [tenant, surface],
  );
  if (rowCount === 0) throw new AllotError('surface_unknown', `surface: ${surface} is not declared`);
}

async function requireVersion(
  client: pg.ClientBase,
  tenant: string,
  surface: string,
  version: string,
): Promise<void> {
  const found = await findBy(client, tenant, surface, 'version = $3', version);
  if (found === undefined) {
    throw new AllotError('policy_unknown', `version: ${version} is not a policy version of ${surface}`);
  }
}

async function findBy(
  client: pg.ClientBase,
  tenant: string,
  surface: string,
  condition: string,
  value: string,
): Promise<PolicyVersion | undefined> {
  const rows = await query<VersionRow>(
    client,
    `select ${COLUMNS} from policy_versions where tenant = $1 and surface = $2 and ${condition}`,
    [tenant, surface, value],
  );
  return rows[0] === undefined ? undefined : toVersion(rows[0]);
}

async function insertVersion(
  client: pg.ClientBase,
  actor: Actor,
  version: { surface: string; algorithm: string; hash: string | null; header: ArtifactHeader | null },
): Promise<PolicyVersion> {
  const rows = await query<VersionRow>(
    client,
    `insert into policy_versions (tenant, version, surface, number, algorithm, artifact_hash, header, created_by)
     select $1, $2 || '@' || n, $2, n, $3, $4, $5, $6
     from (select coalesce(max(number), 0) + 1 as n from policy_versions where tenant = $1 and surface = $2) as next
     returning ${COLUMNS}`,
    [
      actor.tenant,
      version.surface,
      version.algorithm,
      version.hash,
      version.header === null ? null : JSON.stringify(version.header),
      actor.id,
    ],
  );
  return toVersion(rows[0]);
}

async function aliasHistory(pool: pg.Pool, tenant: string, surface: string): Promise<readonly AliasChange[]> {
  const rows = await query<{
    alias: string;
    version: string;
    changed_at: Date;
    changed_by: string;
    reason: string | null;
  }>(
    pool,
    `select alias, version, changed_at, changed_by, reason from alias_changes
     where tenant = $1 and surface = $2 order by id`,
    [tenant, surface],
  );
  return rows.map((row) => ({
    alias: row.alias,
    version: row.version,
    changedAt: row.changed_at.getTime(),
    changedBy: row.changed_by,
    reason: row.reason,
  }));
}

function toVersion(row: VersionRow): PolicyVersion {
  return {
    version: row.version,
    surface: row.surface,
    algorithm: row.algorithm,
    artifactHash: row.artifact_hash,
    header: row.header,
    createdAt: row.created_at.getTime(),
  };
}
