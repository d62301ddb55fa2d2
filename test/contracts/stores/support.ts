import { createHash, randomBytes } from 'node:crypto';
import type { Experiment } from '../../../src/core/experiment/experiment.ts';
import { createDecisionIds } from '../../../src/core/feedback/decision-id.ts';
import type { ArtifactHeader } from '../../../src/core/policy/artifact.ts';
import type { Surface } from '../../../src/core/surface/surface.ts';
import type { AllStores } from '../../../src/service/ports/all-stores.ts';
import type { Actor } from '../../../src/service/ports/stores.ts';

/** Opens the adapter under test once for a file; every test works under a tenant of its own. */
export type OpenStores = () => Promise<{ readonly stores: AllStores; close(): Promise<void> }>;

export const newTenant = (): string => `tenant-${randomBytes(5).toString('hex')}`;

export const actorOf = (tenant: string, reason?: string): Actor =>
  reason === undefined ? { tenant, id: 'key-1' } : { tenant, id: 'key-1', reason };

export function feedSurface(changes: Partial<Surface> = {}): Surface {
  return {
    name: 'live-feed',
    schemaVersion: 1,
    actions: ['none', 'live'],
    nullAction: 'none',
    features: [{ name: 'hour', type: 'numeric', min: 0, max: 23, default: 0 }],
    groups: null,
    responses: [],
    constraints: [],
    explorationFloor: 0.1,
    caps: [],
    pacing: null,
    horizon: 1,
    completeness: 'window',
    gate: { estimator: 'snips', level: 0.95, mainMargin: 0.1, auxiliaryMargins: {}, minEffectiveUnits: 10 },
    ...changes,
  };
}

/** The stores do not read artifacts: any header and bytes will do. */
export function artifact(seed: number): { header: ArtifactHeader; bytes: Uint8Array; hash: string } {
  const bytes = Uint8Array.from([0, 1, 2, 255, seed]);
  const header: ArtifactHeader = {
    format: 'allot-policy',
    formatVersion: 1,
    surface: 'live-feed',
    schemaVersion: 1,
    actions: ['none', 'live'],
    algorithm: 'bc',
    encoder: { inputs: [], width: 0 },
    groups: null,
    network: [],
    weightCount: 0,
    lineage: {
      runId: null,
      snapshotHash: null,
      seed,
      backend: null,
      codeVersion: '0',
      config: {},
      createdAt: '2026-01-01T00:00:00.000Z',
    },
  };
  return { header, bytes, hash: createHash('sha256').update(bytes).digest('hex') };
}

export function experiment(id: string, changes: Partial<Experiment> = {}): Experiment {
  return {
    id,
    surface: 'live-feed',
    name: id,
    state: 'draft',
    salt: 'salt',
    layer: 'default',
    holdoutShare: 0,
    variants: [
      { name: 'control', role: 'control', policyVersion: 'live-feed@1' },
      { name: 'treatment', role: 'treatment', policyVersion: 'live-feed@2' },
    ],
    blocks: [],
    level: 0.95,
    ...changes,
  };
}

const ids = createDecisionIds([{ id: 1, key: new Uint8Array(16) }]);

export const mintId = (tenant: string, timeMs: number, surface = 'live-feed'): string =>
  ids.mint({ timeMs, tenant, surface, random: randomBytes(8) });
