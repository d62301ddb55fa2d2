import type { AllotClient } from '../../src/client/client.ts';
import type { EncodedFeature } from '../../src/core/policy/artifact.ts';
import { encodeArtifact } from '../../src/core/policy/codec.ts';
import type { SurfaceDeclaration } from '../../src/service/schemas/surface.ts';
import { randomNetwork } from '../support/random-network.ts';

const numbers = Array.from({ length: 14 }, (_, i) => `rate${String(i)}`);
const categories = {
  country: ['de', 'fr', 'br', 'in', 'id', 'us'],
  device: ['phone', 'tablet', 'desktop'],
  slot: ['first', 'middle', 'last'],
  group: ['new', 'low', 'middle', 'high'],
} as const;
const flags = ['isMember', 'isMuted'];

/** 20 features as a feed sends them: 14 numbers, 4 categories, 2 flags. */
export const feedSurface: SurfaceDeclaration = {
  actions: ['none', 'live'],
  features: [
    ...numbers.map((name) => ({ name, type: 'numeric' as const, min: -1, max: 1 })),
    ...Object.entries(categories).map(([name, values]) => ({
      name,
      type: 'categorical' as const,
      values: [...values],
    })),
    ...flags.map((name) => ({ name, type: 'boolean' as const, default: false })),
  ],
  responses: [
    { name: 'watchMs', role: 'main', unit: 'ms', max: 60_000, windowSeconds: 120 },
    { name: 'hide', role: 'cost', aggregate: 'any', windowSeconds: 120 },
  ],
  explorationFloor: 0.1,
};

/** Declares the surface and runs an experiment of two 64-64 policies on it, on all of the traffic. */
export async function declareFeed(client: AllotClient): Promise<void> {
  const surface = await client.declareSurface('live-feed', feedSurface);
  const inputs: EncodedFeature[] = surface.features.map(({ name, type }) => {
    if (type === 'numeric')
      return { feature: name, kind: 'numeric', transform: 'identity', mean: 0, std: 0.6 };
    if (type === 'boolean') return { feature: name, kind: 'boolean' };
    return {
      feature: name,
      kind: 'categorical',
      values: [...categories[name as keyof typeof categories]],
    };
  });
  const publish = async (seed: number): Promise<string> =>
    (await client.publishPolicy(encodeArtifact(randomNetwork(surface, inputs, seed)))).version;
  const [control, treatment] = [await publish(1), await publish(2)];
  await client.setAlias('live-feed', 'champion', control);
  await client.createExperiment({
    surface: 'live-feed',
    name: 'soak',
    variants: [
      { name: 'control', role: 'control', policyVersion: control },
      { name: 'treatment', role: 'treatment', policyVersion: treatment },
    ],
    // It shall run to the end, whatever the random policies do.
    metrics: [
      { name: 'watchMs', role: 'main', source: { response: 'watchMs' }, rule: { kind: 'improve' } },
      { name: 'hide', role: 'signal', source: { response: 'hide' }, rule: { kind: 'limit', threshold: 1 } },
    ],
  });
  await client.startExperiment('soak');
}

/** Units that are about at a time, and decisions that each gets before it goes for good. */
const POOL = 20_000;
const DECISIONS_PER_UNIT = 20;

/**
 * The body of the n-th request. Its unit is one of those that are about: every twentieth decision one of them goes and a new
 * one comes, so that what is counted by unit reaches a steady state too.
 */
export function decisionBody(n: number): string {
  const unit = Math.floor(n / DECISIONS_PER_UNIT) + ((n * 7_919) % POOL);
  const features = Object.fromEntries([
    ...numbers.map((name, i) => [name, Math.sin(n * (i + 1))]),
    ...Object.entries(categories).map(([name, values], i) => [name, values[(n + i) % values.length]]),
    ...flags.map((name, i) => [name, (n + i) % 3 === 0]),
  ]) as Record<string, unknown>;
  return JSON.stringify({
    requestId: `soak-${String(n)}`,
    surface: 'live-feed',
    unitId: `unit-${String(unit)}`,
    sessionId: `session-${String(unit)}`,
    features,
  });
}
