import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from '../../api/server.ts';
import { createServices } from '../../api/services.ts';
import { makeSecrets } from '../../src/config/secrets.ts';
import type { EncodedFeature } from '../../src/core/policy/artifact.ts';
import { encodeArtifact } from '../../src/core/policy/codec.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { createMemoryStores } from '../../src/memory/stores.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';
import { createKey } from '../../src/service/registry/api-keys.ts';
import { principalOf } from '../../src/service/registry/principal.ts';
import { createServing } from '../../src/service/serving/serving.ts';
import { randomNetwork } from './random-network.ts';

const FEATURES = 20;

export interface Decider {
  readonly url: string;
  readonly key: string;
  /** A request with this id. */
  body(requestId: string): string;
  stop(): Promise<void>;
}

/** A decider as in production but for its stores: real journal, metrics, experiment, 20 features, a 64-64 policy. */
export async function startDecider(): Promise<Decider> {
  const directory = await mkdtemp(join(tmpdir(), 'allot-bench-'));
  const stores = createMemoryStores();
  const journal = await openJournal({
    directory,
    segmentBytes: 64 * 1024 * 1024,
    maxBytes: 8 * 1024 * 1024 * 1024,
    sync: 'group',
  });
  // Nobody ingests here: what was delivered is dropped, so the disk does not fill up during a long run.
  const drain = await journal.consume(() => Promise.resolve());
  const metrics = createMetrics();
  const common = { journal, secrets: makeSecrets(), clock: Date.now, logger: silentLogger, metrics };
  const lastGood = { save: () => Promise.resolve(), load: () => Promise.resolve(null) };
  const serving = createServing({ ...common, control: stores.control, lastGood });
  const analyse = () => Promise.resolve(null);
  const services = createServices({ ...common, stores, serving, analyse });
  const { key, record } = createKey({ tenant: 'bench', role: 'admin' });
  await stores.keys.add(record);
  await serving.start();
  await prepare(services, principalOf(record));
  const server = createServer(services);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    key,
    body: bodyOf,
    async stop() {
      server.closeAllConnections();
      server.close();
      await serving.stop();
      await drain.stop();
      await journal.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const featureNames = Array.from({ length: FEATURES }, (_, i) => `feature${String(i)}`);

const bodyOf = (requestId: string): string =>
  JSON.stringify({
    requestId,
    surface: 'live-feed',
    unitId: `unit-${requestId}`,
    features: Object.fromEntries(featureNames.map((name, i) => [name, Math.sin(i + 1)])),
  });

async function prepare(
  services: ReturnType<typeof createServices>,
  admin: ReturnType<typeof principalOf>,
): Promise<void> {
  const declaration = {
    actions: ['none', 'live'],
    features: featureNames.map((name) => ({ name, type: 'numeric', min: -1, max: 1 })),
    responses: [{ name: 'watchMs', role: 'main', unit: 'ms', max: 60_000 }],
  };
  const surface = await services.surfaces.declare('live-feed', declaration, admin);
  const inputs: EncodedFeature[] = featureNames.map((feature) => ({
    feature,
    kind: 'numeric',
    transform: 'identity',
    mean: 0,
    std: 1,
  }));
  const versions: string[] = [];
  for (const seed of [1, 2]) {
    versions.push(
      (await services.policies.publish(encodeArtifact(randomNetwork(surface, inputs, seed)), admin)).version,
    );
  }
  await services.policies.setAlias('live-feed', 'champion', { version: versions[0] }, admin);
  const variants = versions.map((policyVersion, i) => ({
    name: i === 0 ? 'control' : 'treatment',
    role: i === 0 ? 'control' : 'treatment',
    policyVersion,
  }));
  await services.experiments.create({ surface: 'live-feed', name: 'bench', variants }, admin);
  await services.experiments.start('bench', undefined, admin);
}
