import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeArtifact } from '../../src/core/policy/codec.ts';
import { fixedPolicyArtifact } from '../../src/core/policy/policy.ts';
import { createPostgresStores } from '../../src/postgres/stores.ts';
import { artifactHashOf } from '../../src/service/serving/policy-loader.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { experimentSurface as surface } from '../support/experiment-traffic.ts';

const folder = mkdtempSync(join(tmpdir(), 'allot-artifacts-'));
const at = (name: string): string => join(folder, name);
let database: TestDatabase;
let version: string;
let hash: string;

function allot(args: readonly string[], settings: Record<string, string> = {}) {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import', 'tsx', 'src/cli/main.ts', 'artifacts', ...args, '--json'],
    {
      cwd: new URL('../../', import.meta.url),
      encoding: 'utf8',
      env: { ...process.env, DATABASE_URL: database.url, ALLOT_DATA_DIR: at('data'), ...settings },
    },
  );
  return { status, stderr, answer: stdout === '' ? null : (JSON.parse(stdout) as unknown) };
}

beforeAll(async () => {
  database = await createTestDatabase();
  const stores = createPostgresStores(database.pool);
  const actor = { tenant: 'default', id: 'test' };
  await stores.surfaces.declare(surface, actor);
  const artifact = fixedPolicyArtifact(surface, [0.5, 0.5]);
  const bytes = encodeArtifact(artifact);
  hash = artifactHashOf(bytes);
  const policy = { surface: surface.name, header: artifact.header, bytes, hash };
  ({ version } = await stores.policies.publish(policy, actor));
});
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

describe('allot artifacts', () => {
  it('makes keys, signs a version, verifies it; unsigned and altered artifacts fail', async () => {
    const mine = allot(['keygen', at('mine.pem')]);
    expect(mine).toMatchObject({ status: 0, answer: { publicKey: at('mine.pem.pub') } });
    const { keyId } = mine.answer as { keyId: string };
    const trusted = { ALLOT_ARTIFACT_PUBLIC_KEYS: at('mine.pem.pub') };

    expect(allot(['verify', version], trusted)).toMatchObject({
      status: 1,
      answer: [{ version, keyId: null, finding: 'not signed' }],
    });
    expect(allot(['sign', version], { ALLOT_ARTIFACT_SIGNING_KEY: at('mine.pem') })).toMatchObject({
      status: 0,
      answer: [{ version, keyId }],
    });
    expect(allot(['verify', version], trusted)).toMatchObject({ status: 0, answer: [{ version, keyId }] });

    await database.pool.query('update artifacts set bytes = set_byte(bytes, 40, 7) where hash = $1', [hash]);
    for (const args of [
      ['verify', version],
      ['sign', version],
    ]) {
      const { status, stderr } = allot(args, {
        ...trusted,
        ALLOT_ARTIFACT_SIGNING_KEY: at('mine.pem'),
      });
      expect(status).not.toBe(0);
      expect(stderr).toContain('does not match its hash');
    }
  }, 60_000);
});
