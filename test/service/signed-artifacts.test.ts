import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeArtifact } from '../../src/core/policy/codec.ts';
import { fixedPolicyArtifact } from '../../src/core/policy/policy.ts';
import type { Surface } from '../../src/core/surface/surface.ts';
import { createLastGoodCopy } from '../../src/disk/last-good-copy.ts';
import { createMemoryStores } from '../../src/memory/stores.ts';
import type { ArtifactSignature, ControlReader } from '../../src/service/ports/control.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';
import { noMetrics } from '../../src/service/ports/metrics.ts';
import { createKey } from '../../src/service/registry/api-keys.ts';
import {
  artifactKeyId,
  createArtifactSigner,
  createArtifactTrust,
  signingPolicies,
  type ArtifactTrust,
} from '../../src/service/registry/artifact-signatures.ts';
import { principalOf } from '../../src/service/registry/principal.ts';
import { parseWith } from '../../src/service/schemas/parse.ts';
import { surfaceDeclarationSchema, surfaceOf } from '../../src/service/schemas/surface.ts';
import { artifactHashOf } from '../../src/service/serving/policy-loader.ts';
import { createServing, type Serving } from '../../src/service/serving/serving.ts';
import { createApiWorld, liveFeed, testSecrets } from '../support/api-world.ts';
import { createMemoryJournal } from '../support/memory-journal.ts';

const surface: Surface = surfaceOf(parseWith(surfaceDeclarationSchema, liveFeed), 'live-feed');
const pairs = [0, 1, 2].map(() => generateKeyPairSync('ed25519'));
const [mine, next, foreign] = pairs.map(({ privateKey }) => createArtifactSigner(privateKey));
const [myKey, nextKey] = pairs.map(({ publicKey }): KeyObject => publicKey);
const trustOf = (...keys: KeyObject[]): ArtifactTrust => createArtifactTrust(keys);
const artifactOf = (none: number) => {
  const artifact = fixedPolicyArtifact(surface, [none, 1 - none]);
  const bytes = encodeArtifact(artifact);
  return { surface: surface.name, header: artifact.header, bytes, hash: artifactHashOf(bytes) };
};
/** One bit of the signature turned. */
const altered = ({ keyId, signature }: ArtifactSignature, at: number): ArtifactSignature => {
  const bytes = Buffer.from(signature, 'base64url');
  bytes[at] ^= 1;
  return { keyId, signature: bytes.toString('base64url') };
};

describe('a signature', () => {
  const { hash } = artifactOf(0.5);
  const good = mine.sign(hash);

  it('counts for the bytes that were signed, by any one of the trusted keys', () => {
    expect(trustOf(myKey).signedBy(hash, [good])).toBe(mine.keyId);
    expect(trustOf(nextKey, myKey).signedBy(hash, [foreign.sign(hash), good])).toBe(mine.keyId);
    expect(artifactKeyId(myKey)).toBe(mine.keyId);
    expect(Buffer.from(good.signature, 'base64url')).toHaveLength(64);
    expect(good.signature).toMatch(/^[A-Za-z0-9_-]{86}$/);
  });

  it('does not count for other bytes, under another key, altered anywhere, cut, or absent', () => {
    const trust = trustOf(myKey);
    const refused: readonly (readonly ArtifactSignature[])[] = [
      [],
      [mine.sign(artifactOf(0.4).hash)],
      [foreign.sign(hash)],
      [{ keyId: mine.keyId, signature: foreign.sign(hash).signature }],
      [{ keyId: foreign.keyId, signature: good.signature }],
      [{ ...good, signature: good.signature.slice(0, -4) }],
      [{ ...good, signature: '' }],
      ...Array.from({ length: 64 }, (_, at) => [altered(good, at)]),
    ];
    for (const signatures of refused) expect(trust.signedBy(hash, signatures)).toBeNull();
  });

  it('that the same key made over the bare hash, for another purpose, does not count', async () => {
    const { sign } = await import('node:crypto');
    for (const message of [Buffer.from(hash), Buffer.from(hash, 'hex')]) {
      const signature = sign(null, message, pairs[0].privateKey).toString('base64url');
      expect(trustOf(myKey).signedBy(hash, [{ keyId: mine.keyId, signature }])).toBeNull();
    }
  });
});

describe('a decider that asks for signatures', () => {
  const actor = { tenant: 'acme', id: 'test' };
  const { record } = createKey({ tenant: 'acme', role: 'admin' });
  let stores: ReturnType<typeof createMemoryStores>;
  let folder: string;
  let refusals: string[];
  const running: Serving[] = [];

  beforeEach(async () => {
    stores = createMemoryStores();
    folder = mkdtempSync(join(tmpdir(), 'allot-signed-'));
    refusals = [];
    await stores.keys.add(record);
    await stores.surfaces.declare(surface, actor);
  });
  afterEach(async () => {
    for (const serving of running.splice(0)) await serving.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = async (
    trust: ArtifactTrust | undefined,
    control: ControlReader = stores.control,
  ): Promise<Serving> => {
    const serving = createServing({
      control,
      lastGood: createLastGoodCopy(folder),
      journal: createMemoryJournal(),
      secrets: testSecrets,
      trust,
      clock: () => Date.now(),
      metrics: { ...noMetrics, artifactRefused: ({ surface: name }) => void refusals.push(name) },
      logger: silentLogger,
    });
    running.push(serving);
    await serving.start();
    return serving;
  };
  let asked = 0;
  const ask = (serving: Serving) => {
    const requestId = `r-${String((asked += 1))}`;
    return serving.decide(
      { requestId, surface: 'live-feed', unitId: 'u', features: { hour: 1 } },
      principalOf(record),
    );
  };
  const champion = async (none: number, signature?: ArtifactSignature): Promise<string> => {
    const policy = artifactOf(none);
    const signed = signature === undefined ? {} : { signature };
    const { version } = await stores.policies.publish({ ...policy, ...signed }, actor);
    await stores.policies.setAlias('live-feed', 'champion', version, actor);
    return version;
  };
  const signed = (none: number, signer = mine): Promise<string> =>
    champion(none, signer.sign(artifactOf(none).hash));
  const away = { ...createMemoryStores().control, revision: () => Promise.reject(new Error('away')) };

  it('serves what a trusted key has signed', async () => {
    const version = await signed(0.4);
    expect(ask(await start(trustOf(myKey)))).toMatchObject({ policyVersion: version, fallback: null });
    expect(refusals).toEqual([]);
  });

  it.each([
    ['nobody', () => undefined],
    ['a foreign key', (hash: string) => foreign.sign(hash)],
    [
      'a foreign key in the name of the trusted one',
      (hash: string) => ({ ...foreign.sign(hash), keyId: mine.keyId }),
    ],
    ['the trusted key, altered since', (hash: string) => altered(mine.sign(hash), 17)],
    ['the trusted key, but something else', () => mine.sign(artifactOf(0.9).hash)],
  ] as const)(
    'refuses what %s has signed, once and counted, and the previous champion serves on',
    async (_, by) => {
      const good = await signed(0.4);
      const serving = await start(trustOf(myKey));
      await champion(0.2, by(artifactOf(0.2).hash));
      await serving.refresh();
      expect(ask(serving)).toMatchObject({ policyVersion: good, fallback: 'last-good-champion' });
      await serving.refresh();
      expect(refusals).toEqual(['live-feed']);
    },
  );

  it('refuses signed bytes that were altered in the store', async () => {
    const good = await signed(0.4);
    const serving = await start(trustOf(myKey), {
      ...stores.control,
      async loadArtifact(hash) {
        const bytes = await stores.control.loadArtifact(hash);
        if (hash === artifactOf(0.2).hash) bytes[bytes.length - 1] ^= 1;
        return bytes;
      },
    });
    await signed(0.2);
    await serving.refresh();
    expect(ask(serving)).toMatchObject({ policyVersion: good, fallback: 'last-good-champion' });
    expect(refusals).toHaveLength(1);
  });

  it('serves it as soon as it is signed, without a restart', async () => {
    const version = await champion(0.4);
    const serving = await start(trustOf(myKey));
    expect(ask(serving)).toMatchObject({ fallback: 'safe-action', propensity: 1 });
    await stores.policies.sign(version, mine.sign(artifactOf(0.4).hash), actor);
    await serving.refresh();
    expect(ask(serving)).toMatchObject({ policyVersion: version, fallback: null });
  });

  it('changes keys without a gap: both trusted, signed anew, the old one gone', async () => {
    const version = await signed(0.4);
    expect(ask(await start(trustOf(myKey, nextKey))).fallback).toBeNull();
    await stores.policies.sign(version, next.sign(artifactOf(0.4).hash), actor);
    expect(ask(await start(trustOf(myKey, nextKey))).fallback).toBeNull();
    expect(ask(await start(trustOf(nextKey)))).toMatchObject({ policyVersion: version, fallback: null });
    expect(refusals).toEqual([]);
  });

  it('believes the copy on the disk as little as the store', async () => {
    const version = await signed(0.4);
    await start(trustOf(myKey));
    const file = join(folder, 'last-good-control.bin');
    await expect.poll(() => createLastGoodCopy(folder).load()).not.toBeNull();
    const restarted = await start(trustOf(myKey), away);
    expect(ask(restarted)).toMatchObject({ policyVersion: version, fallback: 'last-good-champion' });
    // Whoever can write the file can make its hash right again, but not the signature.
    const whole = readFileSync(file);
    const rest = Buffer.from(whole.subarray(32));
    const at = rest.indexOf(mine.sign(artifactOf(0.4).hash).signature);
    expect(at).toBeGreaterThan(0);
    rest[at + 5] = rest[at + 5] === 65 ? 66 : 65;
    writeFileSync(file, Buffer.concat([createHash('sha256').update(rest).digest(), rest]));
    expect(ask(await start(trustOf(myKey), away))).toMatchObject({ fallback: 'safe-action' });
    expect(refusals).toEqual(['live-feed']);
  });

  it('a refused champion does not reach the disk: a restart without the store serves the good one, verified', async () => {
    const good = await signed(0.4);
    const serving = await start(trustOf(myKey));
    await champion(0.2);
    await serving.refresh();
    await expect
      .poll(async () => (await createLastGoodCopy(folder).load())?.state.surfaces[0].aliases['champion'])
      .toBe(good);
    expect(ask(await start(trustOf(myKey), away))).toMatchObject({ policyVersion: good });
  });

  it('nothing is asked for where no keys are set', async () => {
    const version = await champion(0.4);
    expect(ask(await start(undefined))).toMatchObject({ policyVersion: version, fallback: null });
  });

  it('a store that signs puts its signature beside what it publishes, and keeps one that was given', async () => {
    const policies = signingPolicies(stores.policies, mine);
    const { version } = await policies.publish(artifactOf(0.3), actor);
    expect(await stores.policies.signatures('acme', version)).toEqual([mine.sign(artifactOf(0.3).hash)]);
    const given = next.sign(artifactOf(0.1).hash);
    const other = await policies.publish({ ...artifactOf(0.1), signature: given }, actor);
    expect(await stores.policies.signatures('acme', other.version)).toEqual([given]);
  });
});

describe('the registry where signatures are asked for', () => {
  it('signs what it makes, never what was sent; takes a trusted signature; moves no alias to an unsigned version', async () => {
    const trust = trustOf(myKey);
    const world = await createApiWorld({ trust }, { trust, signer: mine });
    const { policies } = world.services;
    await world.declare();
    const fixed = await policies.declare(
      { surface: 'live-feed', probabilities: { none: 0.5, live: 0.5 } },
      world.admin,
    );
    await policies.setAlias('live-feed', 'champion', { version: fixed.version }, world.admin);
    const { bytes, hash } = artifactOf(0.25);
    const { version } = await policies.publish(bytes, world.admin);
    const alias = () => policies.setAlias('live-feed', 'champion', { version }, world.admin);
    await expect(alias()).rejects.toMatchObject({ code: 'artifact_invalid' });
    const variants = [
      { name: 'control', role: 'control', alias: 'champion' },
      { name: 'treatment', role: 'treatment', policyVersion: version },
    ];
    const experiment = { surface: 'live-feed', name: 'e1', variants };
    await expect(world.services.experiments.create(experiment, world.admin)).rejects.toMatchObject({
      code: 'artifact_invalid',
    });
    const untrusted = policies.sign(version, foreign.sign(hash), world.admin);
    await expect(untrusted).rejects.toMatchObject({ code: 'artifact_invalid' });
    await policies.sign(version, mine.sign(hash), world.admin);
    expect(await alias()).toMatchObject({ aliases: { champion: version } });
    expect(await world.services.experiments.create(experiment, world.admin)).toMatchObject({
      state: 'draft',
    });
    const analyst = { ...world.admin, role: 'analyst' as const };
    await expect(policies.sign(version, mine.sign(hash), analyst)).rejects.toMatchObject({
      code: 'forbidden',
    });
    await world.stop();
  });
});
