import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from '../../api/server.ts';
import { createServices } from '../../api/services.ts';
import { makeSecrets } from '../../src/config/secrets.ts';
import { createRandom } from '../../src/core/math/random.ts';
import type { LayerSpec, PolicyArtifact } from '../../src/core/policy/artifact.ts';
import { encodeArtifact } from '../../src/core/policy/codec.ts';
import { weightCountOf } from '../../src/core/policy/network.ts';
import type { Surface } from '../../src/core/surface/surface.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { createMemoryStores } from '../../src/memory/stores.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';
import { createKey } from '../../src/service/registry/api-keys.ts';
import { principalOf } from '../../src/service/registry/principal.ts';
import { createServing } from '../../src/service/serving/serving.ts';

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
  const services = createServices({ ...common, stores, serving, queue: stores.jobs, analyse });
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
  const versions: string[] = [];
  for (const seed of [1, 2]) {
    versions.push((await services.policies.publish(encodeArtifact(networkOf(surface, seed)), admin)).version);
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

/** 20 features (each with its default flag) → 64 → 64 → 2, random weights. */
function networkOf(surface: Surface, seed: number): PolicyArtifact {
  const random = createRandom(seed);
  const width = 2 * FEATURES;
  const network: LayerSpec[] = [
    { kind: 'dense', in: width, out: 64, activation: 'relu' },
    { kind: 'dense', in: 64, out: 64, activation: 'relu' },
    { kind: 'dense', in: 64, out: surface.actions.length, activation: 'none' },
  ];
  const weightCount = weightCountOf(network);
  return {
    header: {
      format: 'allot-policy',
      formatVersion: 1,
      surface: surface.name,
      schemaVersion: surface.schemaVersion,
      actions: surface.actions,
      algorithm: 'bench',
      encoder: {
        inputs: featureNames.map((feature) => ({
          feature,
          kind: 'numeric',
          transform: 'identity',
          mean: 0,
          std: 1,
        })),
        width,
      },
      groups: null,
      network,
      weightCount,
      lineage: {
        runId: null,
        snapshotHash: null,
        seed,
        backend: null,
        codeVersion: 'bench',
        config: {},
        createdAt: '2026-01-01T00:00:00.000Z',
      },
    },
    weights: Float32Array.from({ length: weightCount }, () => random.normal() * 0.1),
  };
}
