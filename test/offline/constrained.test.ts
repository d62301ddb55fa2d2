import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../offline/dataset/dataset.ts';
import { loadDataset } from '../../offline/dataset/load.ts';
import { writeSnapshot } from '../../offline/dataset/snapshot.ts';
import { trainPolicy, type TrainedPolicy } from '../../offline/train.ts';
import { createRandom } from '../../src/core/math/random.ts';
import { compilePolicy } from '../../src/core/policy/policy.ts';
import type { FeatureValues, Surface } from '../../src/core/surface/surface.ts';
import { makeRecords, meanWatch, readerOf, trueValue, worldEnd, worldSurface } from './learning-world.ts';

/** A signed cost that a better stream makes larger: between −2 and 13 for an insertion, 0 without one. */
const strain = (values: FeatureValues, action: number): number =>
  action === 0 ? 0 : 15 * Number(values['quality']) - 2;

const response = {
  interaction: 'strain',
  aggregate: 'sum',
  unit: 's',
  windowSeconds: 60,
  default: 0,
} as const;
const surface: Surface = {
  ...worldSurface,
  responses: [
    ...worldSurface.responses,
    { ...response, name: 'strain', role: 'cost', min: -30, max: 30 },
    { ...response, name: 'ease', role: 'auxiliary', min: -30, max: 30 },
  ],
};

let folder: string;
let dataset: Dataset;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'allot-constrained-'));
  await writeSnapshot({
    reader: readerOf(makeRecords({ units: 700, perUnit: 8, seed: 1 })),
    tenant: 'default',
    surface: worldSurface,
    from: 0,
    until: worldEnd,
    directory: folder,
  });
  const plain = await loadDataset(folder);
  const random = createRandom(12);
  const strained = Float64Array.from(plain.features, (values, row) =>
    plain.actions[row] === 0 ? 0 : strain(values, 1) + random.normal(),
  );
  const responses = new Map([
    ...plain.responses,
    ['strain', strained] as const,
    ['ease', strained.map((c) => -c)] as const,
  ]);
  dataset = { ...plain, manifest: { ...plain.manifest, surface }, responses };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const quick = {
  steps: 200,
  warmUpSteps: 40,
  batchSize: 192,
  network: { hidden: [24], groupBlock: 0 },
};
const train = (algorithm: string, config: Record<string, unknown>): Promise<TrainedPolicy> =>
  trainPolicy({ dataset, surface, algorithm, config: { ...quick, ...config }, seed: 1, runId: null });

/** True value of what is served: the policy under the surface's exploration floor. */
function servedValue(
  { artifact }: TrainedPolicy,
  mean: (values: FeatureValues, action: number) => number,
): number {
  const policy = compilePolicy(artifact, surface);
  const out = new Float64Array(2);
  return trueValue(mean, (values) => {
    policy.probabilities(values, [], out);
    return 0.95 * out[1] + 0.025;
  });
}
let freed: Promise<TrainedPolicy> | undefined;
/** Without limits; trained once. */
const free = (): Promise<TrainedPolicy> => (freed ??= train('rcpo-dual', { limits: [] }));
const share = (_: FeatureValues, action: number): number => action;
const limit = (on: string, threshold: number, direction = 'at-most') => ({
  limits: [{ on, direction, threshold }],
});

describe('on a bandit with known truth', { timeout: 240_000 }, () => {
  it.each(['rcpo-dual', 'pid-lagrangian'])(
    '%s keeps a limit on a signed cost that the free policy breaks, and its value stays above the log’s',
    async (algorithm) => {
      const without = await free();
      const held = await train(algorithm, limit('strain', 1));
      expect(servedValue(without, strain)).toBeGreaterThan(2.5);
      expect(Math.abs(servedValue(held, strain) - 1)).toBeLessThan(0.3);
      expect(servedValue(held, meanWatch)).toBeGreaterThan(trueValue(meanWatch, () => 0.45));
      expect(servedValue(held, meanWatch)).toBeLessThan(servedValue(without, meanWatch));
      expect(held.metrics['multiplier:strain']).toBeGreaterThan(0.1);
      expect(held.metrics['isUnattainable:strain']).toBe(0);
    },
  );

  it('at-least on the negative of a cost is the same limit', async () => {
    const held = await train('rcpo-dual', limit('ease', -1, 'at-least'));
    expect(Math.abs(servedValue(held, strain) - 1)).toBeLessThan(0.3);
    expect(held.metrics['evaluated:ease']).toBeLessThan(0);
  });

  it('a share of actions is kept exactly enough, both from above and from below', async () => {
    const few = await train('rcpo-dual', limit('share-of-actions', 0.2));
    const many = await train('rcpo-dual', limit('share-of-actions', 0.75, 'at-least'));
    expect(Math.abs(servedValue(few, share) - 0.2)).toBeLessThan(0.04);
    expect(Math.abs(servedValue(many, share) - 0.75)).toBeLessThan(0.05);
  });

  it('a slack limit ends with a multiplier of 0', async () => {
    const slack = await train('pid-lagrangian', limit('strain', 12));
    expect(slack.metrics['multiplier:strain']).toBe(0);
    expect(slack.metrics['isMet:strain']).toBe(1);
  });

  it('a limit that no policy can keep ends at the largest multiplier and is said to be unattainable', async () => {
    const config = { ...limit('share-of-actions', 0.001), maxMultiplier: 3, multiplierRate: 1 };
    const { metrics } = await train('rcpo-dual', config);
    expect(metrics['isUnattainable:share-of-actions']).toBe(1);
    expect(metrics['isMet:share-of-actions']).toBe(0);
    expect(metrics['multiplier:share-of-actions']).toBeGreaterThan(2.7);
  });

  it('a log that breaks the limit does not ramp the multiplier of a policy that keeps it', async () => {
    // The fixed price makes the policy allocate next to nothing, while 44 % of the log is allocations.
    const config = { ...limit('share-of-actions', 0.4), multipliers: { 'share-of-actions': 500 } };
    const { metrics } = await train('rcpo-dual', config);
    expect(metrics['evaluated:share-of-actions']).toBeLessThan(0.15);
    expect(metrics['multiplier:share-of-actions']).toBeLessThan(0.05);
  });

  it('the cost critic finds the same evaluated cost as the weights', async () => {
    const { metrics } = await train('rcpo-dual', { ...limit('strain', 1), costEvaluation: 'critic' });
    expect(Math.abs(metrics['evaluated:strain'] - 1)).toBeLessThan(0.3);
  });

  it('a larger fixed multiplier never costs less main and saves more of the cost', async () => {
    const at = (lambda: number): Promise<TrainedPolicy> =>
      train('rcpo-scalarised', { steps: 100, standardWeight: 0, multipliers: { strain: lambda } });
    const policies = [await at(0), await at(1.5), await at(6)];
    const costs = policies.map((policy) => servedValue(policy, strain));
    const values = policies.map((policy) => servedValue(policy, meanWatch));
    expect(costs[1]).toBeLessThan(costs[0] - 0.1);
    expect(costs[2]).toBeLessThan(costs[1] - 0.1);
    expect(values[2]).toBeLessThan(values[0]);
  });

  it('pareto keeps every objective above the log and loses main response against the free policy', async () => {
    const config = { objectives: ['watch', 'strain'] };
    const policy = await train('pareto', config);
    expect(servedValue(policy, strain)).toBeLessThan(trueValue(strain, () => 0.44));
    expect(servedValue(policy, meanWatch)).toBeLessThan(servedValue(await free(), meanWatch));
  });
});
