import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { createServer } from '../../api/server.ts';
import { createServices, type ApiServices, type ServicesOptions } from '../../api/services.ts';
import { createMemoryStores } from '../../src/memory/stores.ts';
import { encodeArtifact } from '../../src/core/policy/codec.ts';
import { fixedPolicyArtifact } from '../../src/core/policy/policy.ts';
import type { Surface } from '../../src/core/surface/surface.ts';
import type { LastGoodCopy, Role } from '../../src/service/ports/control.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';
import { noMetrics } from '../../src/service/ports/metrics.ts';
import { createKey } from '../../src/service/registry/api-keys.ts';
import { principalOf, type Principal } from '../../src/service/registry/principal.ts';
import type { SurfaceDeclaration } from '../../src/service/schemas/surface.ts';
import { createServing, type Serving, type ServingOptions } from '../../src/service/serving/serving.ts';
import { createMemoryJournal, type MemoryJournal } from './memory-journal.ts';

export const liveFeed: SurfaceDeclaration = {
  actions: ['none', 'live'],
  features: [
    { name: 'hour', type: 'numeric', min: 0, max: 23 },
    { name: 'score', type: 'numeric', min: 0, max: 1, default: 0.5 },
    { name: 'isMember', type: 'boolean', default: false },
  ],
  responses: [
    { name: 'watchMs', role: 'main', unit: 'ms', max: 60_000, windowSeconds: 600 },
    { name: 'hide', role: 'cost', aggregate: 'any' },
  ],
  explorationFloor: 0.1,
};

export const testSecrets = {
  drawKey: new Uint8Array(16).fill(1),
  assignmentKey: new Uint8Array(16).fill(2),
  idKeys: [{ id: 1, key: new Uint8Array(16).fill(3) }],
};

const noCopy: LastGoodCopy = { save: () => Promise.resolve(), load: () => Promise.resolve(null) };

export interface ApiWorld {
  readonly services: ApiServices;
  readonly serving: Serving;
  readonly stores: ReturnType<typeof createMemoryStores>;
  readonly journal: MemoryJournal;
  readonly admin: Principal;
  /** The full key of a new principal. */
  key(role: Role, options?: { tenant?: string; surfaces?: string[] }): Promise<string>;
  /** Publishes a policy of fixed probabilities. */
  policy(surface: Surface, probabilities: number[], note?: string): Promise<string>;
  declare(declaration?: SurfaceDeclaration, name?: string): Promise<Surface>;
  stop(): Promise<void>;
}

/** The whole api over memory: real use cases, real HTTP, no database. */
export async function createApiWorld(
  overrides: Partial<ServingOptions> = {},
  api: Partial<ServicesOptions> = {},
): Promise<ApiWorld> {
  const stores = createMemoryStores();
  const journal = createMemoryJournal();
  const common = {
    clock: () => Date.now(),
    logger: silentLogger,
    metrics: noMetrics,
    secrets: testSecrets,
    journal,
  };
  const serving = createServing({ ...common, control: stores.control, lastGood: noCopy, ...overrides });
  const services = createServices({
    ...common,
    stores,
    serving,
    analyse: () => Promise.resolve({ verdict: 'no data' }),
    ...api,
  });
  const { record } = createKey({ tenant: 'acme', role: 'admin' });
  await stores.keys.add(record);
  await serving.start();
  const admin = principalOf(record);
  return {
    services,
    serving,
    stores,
    journal,
    admin,
    async key(role, { tenant = 'acme', surfaces } = {}) {
      const made = createKey({ tenant, role, ...(surfaces === undefined ? {} : { surfaces }) });
      await stores.keys.add(made.record);
      await serving.refresh();
      return made.key;
    },
    async policy(surface, probabilities, note = 'test') {
      const artifact = fixedPolicyArtifact(surface, probabilities);
      const { lineage } = artifact.header;
      const header = { ...artifact.header, lineage: { ...lineage, config: { note } } };
      const bytes = encodeArtifact({ ...artifact, header });
      return (await services.policies.publish(bytes, admin)).version;
    },
    declare: (declaration = liveFeed, name = 'live-feed') =>
      services.surfaces.declare(name, declaration, admin),
    stop: () => serving.stop(),
  };
}

/** Listens on a free port of the loopback. */
export async function listen(
  services: ApiServices,
): Promise<{ url: string; server: Server; close(): Promise<void> }> {
  const server = createServer(services);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
