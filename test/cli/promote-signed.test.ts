import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { encodeArtifact } from '../../src/core/policy/codec.ts';
import { fixedPolicyArtifact } from '../../src/core/policy/policy.ts';
import { createPostgresStores } from '../../src/postgres/stores.ts';
import type { AllStores } from '../../src/service/ports/all-stores.ts';
import { createArtifactSigner } from '../../src/service/registry/artifact-signatures.ts';
import { artifactHashOf } from '../../src/service/serving/policy-loader.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { experimentSurface as surface } from '../support/experiment-traffic.ts';
import { runCommand } from './support/in-process.ts';

const actor = { tenant: 'default', id: 'test' };
const folder = mkdtempSync(join(tmpdir(), 'allot-promote-'));
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const artifact = fixedPolicyArtifact(surface, [0.5, 0.5]);
const bytes = encodeArtifact(artifact);
const hash = artifactHashOf(bytes);
let database: TestDatabase;
let stores: AllStores;
beforeAll(async () => {
  database = await createTestDatabase();
  stores = createPostgresStores(database.pool);
  const trusted = join(folder, 'trusted.pem');
  writeFileSync(trusted, publicKey.export({ type: 'spki', format: 'pem' }));
  vi.stubEnv('DATABASE_URL', database.url);
  vi.stubEnv('ALLOT_ARTIFACT_PUBLIC_KEYS', trusted);
  await stores.surfaces.declare(surface, actor);
  await stores.policies.publish({ surface: surface.name, header: artifact.header, bytes, hash }, actor);
  const queued = (id: string, kind: 'evaluation' | 'promotion', config: Record<string, unknown>) =>
    stores.runs.create({ id, kind, surface: surface.name, config }, actor);
  await queued('judged', 'evaluation', {});
  await stores.runs.start('default', 'judged');
  const gate = { verdict: 'promote', reasons: [], lines: [], artifactHash: hash, snapshotHash: 's' };
  const result = { policyVersion: 'live-feed@1', gate, differences: null };
  await stores.runs.finish('default', 'judged', { result });
  await queued('job', 'promotion', { policyVersion: 'live-feed@1', alias: 'champion' });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a queued promotion where artifacts must be signed', () => {
  it('is refused with the reason, and done once a trusted key has signed', async () => {
    const champion = async () => (await stores.policies.aliases('default', surface.name)).champion;
    const refused = await runCommand('promote', '--run', 'job', '--json');
    expect(refused).toMatchObject({ stdout: '' });
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('no trusted key has signed the artifact of live-feed@1');
    expect(await champion()).toBeUndefined();
    await stores.policies.sign('live-feed@1', createArtifactSigner(privateKey).sign(hash), actor);
    const done = await runCommand('promote', '--run', 'job', '--json');
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(done.stdout)).toMatchObject({ isPromoted: true, alias: 'champion' });
    expect(await champion()).toBe('live-feed@1');
  });
});
