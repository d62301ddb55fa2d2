import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../offline/dataset/dataset.ts';
import { loadDataset } from '../../offline/dataset/load.ts';
import { writeSnapshot } from '../../offline/dataset/snapshot.ts';
import { fitRewardModels } from '../../offline/evaluation/reward-models.ts';
import { chooseBackend } from '../../offline/learning/tensors/backend.ts';
import { trainPolicy } from '../../offline/train.ts';
import { createRandom, type Random } from '../../src/core/math/random.ts';
import { decodeArtifact } from '../../src/core/policy/codec.ts';
import { compilePolicy } from '../../src/core/policy/policy.ts';
import type { FeatureValues, Surface } from '../../src/core/surface/surface.ts';
import type { DecisionRecord } from '../../src/service/ports/stores.ts';
import { makeRecords, readerOf, worldEnd, worldSurface } from './learning-world.ts';

/** Insert the candidate exactly where its author is among those that the unit has watched: neither alone tells. */
const surface: Surface = {
  ...worldSurface,
  name: 'world',
  groups: null,
  features: [
    { name: 'author', type: 'hashed', buckets: 40 },
    {
      name: 'recent',
      type: 'sequence',
      length: 4,
      default: [],
      fields: [
        { name: 'author', type: 'hashed', buckets: 40 },
        { name: 'watch', type: 'numeric', min: 0, max: 100 },
      ],
    },
  ],
};

const authors = 12;

function draw(random: Random): FeatureValues {
  const author = (): string => `author-${random.integer(authors)}`;
  const candidate = author();
  const recent = Array.from({ length: 4 }, () => ({ watch: random.integer(100), author: author() }));
  if (random.uniform() < 0.4) recent[random.integer(4)].author = candidate;
  return { author: candidate, recent: recent.slice(random.integer(3)) };
}

const isMatch = ({ author, recent }: FeatureValues): boolean =>
  (recent as readonly { author: string }[]).some((event) => event.author === author);

const meanWatch = (values: FeatureValues, action: number): number =>
  action === 0 ? 20 : isMatch(values) ? 50 : 2;

function records(): DecisionRecord[] {
  const random = createRandom(31);
  return makeRecords({ units: 800, perUnit: 8, seed: 3 }).map((record) => {
    const features = draw(random);
    const action = record.decision.action === 'nothing' ? 0 : 1;
    const watch = meanWatch(features, action) + 3 * Math.abs(random.normal());
    return {
      ...record,
      decision: { ...record.decision, features, propensity: 0.5, probabilities: [0.5, 0.5] },
      interactions: record.interactions
        .filter(({ type }) => type === 'watch')
        .map((event) => ({ ...event, value: watch })),
    };
  });
}

let folder: string;
let dataset: Dataset;
const log = records();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'allot-sequences-'));
  await writeSnapshot({
    ...{ reader: readerOf(log), tenant: 'default', surface, from: 0, until: worldEnd },
    directory: join(folder, 'one'),
  });
  dataset = await loadDataset(join(folder, 'one'));
  await chooseBackend();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a snapshot with ids and sequences', () => {
  it('gives them back as they were decided on', () => {
    const sent = new Map(log.map(({ decision }) => [decision.decisionId, decision.features]));
    expect(dataset.rows).toBe(log.length);
    dataset.decisionIds.forEach((id, row) => expect(dataset.features[row]).toEqual(sent.get(id)));
  });

  it('has the same hash in whatever order a store gives the fields of an event back', async () => {
    const turned = log.map(({ decision, ...rest }) => ({
      ...rest,
      decision: {
        ...decision,
        features: {
          ...decision.features,
          recent: (decision.features['recent'] as readonly Record<string, string | number>[]).map((event) =>
            Object.fromEntries(Object.entries(event).reverse()),
          ),
        },
      },
    }));
    const options = { tenant: 'default', surface, from: 0, until: worldEnd };
    const other = await writeSnapshot({
      ...options,
      reader: readerOf(turned),
      directory: join(folder, 'other'),
    });
    expect(other.contentHash).toBe(dataset.manifest.contentHash);
  });

  it('still has reward models: of what a linear model can read', () => {
    const models = fitRewardModels(dataset);
    expect(models.get('watch')).toHaveLength(2 * dataset.rows);
    expect(models.get('watch')?.every(Number.isFinite)).toBe(true);
  });
});

describe('on a world where the match of candidate and sequence decides', { timeout: 180_000 }, () => {
  const config = {
    steps: 260,
    warmUpSteps: 120,
    batchSize: 256,
    learningRate: 0.01,
    criticLearningRate: 0.01,
    network: { hidden: [24], groupBlock: 0, embeddings: { dim: 8 } },
    divergence: { maxRateRatio: null },
  };

  /** Mean watch seconds over fresh states; 20 for nothing, 2 or 50 for an insertion. */
  async function valueOf(network: object): Promise<number> {
    const own = { ...config, network: { ...config.network, ...network } };
    const trained = await trainPolicy({
      dataset,
      surface,
      algorithm: 'crr',
      config: own,
      seed: 1,
      runId: 'run',
    });
    const policy = compilePolicy(decodeArtifact(trained.bytes), surface);
    const random = createRandom(77);
    const out = new Float64Array(2);
    let sum = 0;
    for (let i = 0; i < 3000; i += 1) {
      const values = draw(random);
      policy.probabilities(values, [], out);
      sum += out[0] * meanWatch(values, 0) + out[1] * meanWatch(values, 1);
    }
    return sum / 3000;
  }

  it('target attention finds it, and beats the same network without', async () => {
    const random = createRandom(78);
    const share = Array.from({ length: 3000 }, () => isMatch(draw(random))).filter(Boolean).length / 3000;
    const uniform = 0.5 * 20 + 0.5 * (50 * share + 2 * (1 - share));
    const best = 20 + 30 * share;
    const attentive = await valueOf({ attention: { dim: 16, heads: 2 } });
    const plain = await valueOf({ attention: null });
    expect(attentive).toBeGreaterThan(uniform + 0.7 * (best - uniform));
    expect(attentive).toBeGreaterThan(plain + 1);
  });
});
