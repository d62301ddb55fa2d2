import * as tf from '@tensorflow/tfjs-core';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../offline/dataset/dataset.ts';
import { loadDataset } from '../../offline/dataset/load.ts';
import { writeSnapshot } from '../../offline/dataset/snapshot.ts';
import { splitByUnitAndTime } from '../../offline/dataset/split.ts';
import { slmgacConfig, type SlmgacConfig } from '../../offline/learning/algorithms/slmgac/config.ts';
import {
  categoricalMean,
  evenAtoms,
  loggedReturns,
  projectReturns,
} from '../../offline/learning/algorithms/slmgac/categorical.ts';
import { withGroupDropout } from '../../offline/learning/algorithms/slmgac/group-dropout.ts';
import { boundedTarget, huber, scaledByMean } from '../../offline/learning/algorithms/slmgac/losses.ts';
import { slmgacLayers } from '../../offline/learning/algorithms/slmgac/networks.ts';
import { slmgacLearner } from '../../offline/learning/algorithms/slmgac/phases.ts';
import { antiGreedyReward } from '../../offline/learning/algorithms/slmgac/reward.ts';
import { displacedTime } from '../../offline/learning/data/displaced-time.ts';
import { fitEncoder } from '../../offline/learning/data/encoder-fit.ts';
import { batchOf, createTrainingData } from '../../offline/learning/data/training-data.ts';
import { Network } from '../../offline/learning/networks/network.ts';
import type { TrainingContext } from '../../offline/learning/run/learner.ts';
import { chooseBackend } from '../../offline/learning/tensors/backend.ts';
import { trainPolicy, type TrainedPolicy } from '../../offline/train.ts';
import { createRandom } from '../../src/core/math/random.ts';
import { compileNetwork } from '../../src/core/policy/network.ts';
import { compilePolicy } from '../../src/core/policy/policy.ts';
import type { Surface } from '../../src/core/surface/surface.ts';
import { makeRecords, meanWatch, readerOf, trueValue, worldEnd, worldSurface } from './learning-world.ts';

let folder: string;
let dataset: Dataset;
const sessionSurface: Surface = { ...worldSurface, horizon: 'session' };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'allot-slmgac-'));
  await writeSnapshot({
    reader: readerOf(makeRecords({ units: 600, perUnit: 8, seed: 1 })),
    tenant: 'default',
    surface: worldSurface,
    from: 0,
    until: worldEnd,
    directory: folder,
  });
  dataset = await loadDataset(folder);
  await chooseBackend();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Change = { readonly surface?: Surface; readonly dataset?: Dataset };

function contextOf(change: Change = {}): TrainingContext {
  const own = change.dataset ?? dataset;
  const surface = change.surface ?? worldSurface;
  const split = splitByUnitAndTime(own, { by: 'unit', train: 0.7, validation: 0.1, salt: 'split' });
  const data = createTrainingData(own, fitEncoder(own, surface, split.train));
  return { surface, dataset: own, data, split, random: createRandom(1), progress: () => undefined };
}

const small = { batchSize: 128, network: { hidden: [16], groupBlock: 8 } };
const configOf = (change: Record<string, unknown> = {}): SlmgacConfig =>
  slmgacConfig.parse({ ...small, ...change });

/** A world with streams: live time where inserted, short videos elsewhere and, displaced, beside a stream. */
function liveWorld(): { readonly surface: Surface; readonly dataset: Dataset } {
  const seconds = { aggregate: 'sum', unit: 's', min: 0, max: 1800, windowSeconds: 60, default: 0 } as const;
  const event = { aggregate: 'any', unit: 'events', min: 0, max: 1, windowSeconds: 60, default: 0 } as const;
  const surface: Surface = {
    ...worldSurface,
    responses: [
      { name: 'live_watch_seconds', role: 'main', interaction: 'live', ...seconds },
      { name: 'short_watch_seconds', role: 'auxiliary', interaction: 'short', ...seconds },
      { name: 'like', role: 'auxiliary', interaction: 'like', ...event },
      { name: 'session_end', role: 'cost', interaction: 'end', ...event },
    ],
  };
  const watch = dataset.responses.get('watch')!;
  const random = createRandom(3);
  const isLive = Array.from(dataset.actions, (a) => a === 1);
  const responses = new Map([
    ['live_watch_seconds', watch.map((w, i) => (isLive[i] && w > 8 ? w : 0))],
    ['short_watch_seconds', watch.map((w, i) => (isLive[i] ? 10 : 30) * random.exponential() + 0 * w)],
    ['like', dataset.responses.get('like')!],
    ['session_end', watch.map(() => (random.uniform() < 0.2 ? 1 : 0))],
  ]);
  const manifest = { ...dataset.manifest, surface };
  return { surface, dataset: { ...dataset, manifest, responses } };
}

describe('group decomposition', () => {
  const outOf = (layers: ReturnType<typeof slmgacLayers>): Network => new Network(layers, createRandom(2));

  it('gives other logits to another group; an unknown group is group 0', () => {
    const { data } = contextOf();
    const layers = slmgacLayers(configOf(), data, 2);
    const network = outOf(layers);
    const served = compileNetwork(layers, network.exportWeights());
    const logitsOf = (group: number): number[] => {
      const out = new Float64Array(2);
      served.forward(data.inputs.slice(0, data.width), group, out);
      return [...out];
    };
    expect(logitsOf(1)).not.toEqual(logitsOf(2));
    expect(logitsOf(-1)).toEqual(logitsOf(0));
    expect(logitsOf(99)).toEqual(logitsOf(0));
    network.dispose();
  });

  it('sends a gradient into the shown group’s block alone, in actor and critic; dropped rows are shown as group 0', () => {
    const { data } = contextOf();
    const rows = Int32Array.from({ length: data.rows }, (_, i) => i).filter((row) => data.groups[row] === 2);
    for (const outputs of [2, 30]) {
      const network = outOf(slmgacLayers(configOf(), data, outputs));
      const touched = (share: number): number[] =>
        tf.tidy(() => {
          const batch = withGroupDropout(batchOf(data, rows.subarray(0, 64)), share, createRandom(1));
          const loss = (): tf.Scalar => tf.sum(tf.square(network.forward(batch.inputs, batch.groups)));
          const kernel = network.parameters.find((p) => p.variable.shape[1] === 4 * 8)!;
          const { grads } = tf.variableGrads(loss, [kernel.variable]);
          const gradient = grads[kernel.variable.name].dataSync();
          const blocks = new Set<number>();
          gradient.forEach((g, i) => {
            if (g !== 0) blocks.add(Math.floor((i % 32) / 8));
          });
          return [...blocks].sort();
        });
      expect(touched(0)).toEqual([2]);
      expect(touched(1)).toEqual([0]);
      expect(touched(0.5)).toEqual([0, 2]);
      network.dispose();
    }
  });

  it('drops about the asked share of rows and leaves every row with one group', () => {
    tf.tidy(() => {
      const { data } = contextOf();
      const batch = batchOf(
        data,
        Int32Array.from({ length: 2000 }, (_, i) => i),
      );
      const dropped = withGroupDropout(batch, 0.1, createRandom(1)).groups.arraySync();
      expect(dropped.every((row) => row.reduce((a, b) => a + b, 0) === 1)).toBe(true);
      const zeros = dropped.filter((row) => row[0] === 1).length / 2000;
      expect(zeros).toBeGreaterThan(0.07);
      expect(zeros).toBeLessThan(0.13);
    });
  });
});

describe('the equations', () => {
  it('targets with mixed terminal flags are those of a loop over the rows, within their bounds', () => {
    const rewards = [1, -2, 0.5, 3];
    const done = [0, 1, 0, 1];
    const next = [2, 9, -30, 4];
    tf.tidy(() => {
      const y = boundedTarget({
        rewards: tf.tensor1d(rewards),
        done: tf.tensor1d(done),
        nextValues: tf.tensor1d(next),
        discount: 0.9,
        low: -10,
        high: 2.9,
      }).dataSync();
      rewards.forEach((r, b) => {
        const plain = r + 0.9 * (1 - done[b]) * next[b];
        expect(y[b]).toBeCloseTo(Math.min(2.9, Math.max(-10, plain)), 5);
      });
    });
  });

  it('Huber is half the square near zero and linear beyond, with the clipped error as derivative', () => {
    tf.tidy(() => {
      const e = tf.tensor1d([0.5, -3]);
      expect([...huber(e).dataSync()]).toEqual([0.125, 2.5]);
      const slope = tf
        .grad((x: tf.Tensor) => tf.sum(huber(x as tf.Tensor1D)))(e)
        .dataSync();
      expect([...slope]).toEqual([0.5, -1]);
    });
  });

  it('values are scaled by their mean size over the eligible entries', () => {
    tf.tidy(() => {
      const scaled = scaledByMean(tf.tensor2d([[2, 100], [4, -6]]), tf.tensor2d([[1, 0], [1, 1]]), 0); // prettier-ignore
      expect(scaled.dataSync()[0]).toBeCloseTo(0.5, 6);
    });
  });

  it('a two-hot target keeps the return as its mean; HL-Gauss is a distribution around it', () => {
    const atoms = evenAtoms([-1, 3], 5);
    expect([...atoms]).toEqual([-1, 0, 1, 2, 3]);
    const y = [-1, 0.25, 2.9, 7];
    const twoHot = projectReturns(y, atoms, 'two-hot');
    const gauss = projectReturns(y, atoms, 'hl-gauss');
    y.forEach((value, b) => {
      const mean = (p: Float32Array): number => atoms.reduce((sum, z, k) => sum + z * p[b * 5 + k], 0);
      const mass = (p: Float32Array): number => p.subarray(b * 5, b * 5 + 5).reduce((x, z) => x + z, 0);
      expect(mean(twoHot)).toBeCloseTo(Math.min(3, value), 5);
      expect(mass(twoHot)).toBeCloseTo(1, 6);
      expect(mass(gauss)).toBeCloseTo(1, 6);
      expect(Math.abs(mean(gauss) - Math.min(3, value))).toBeLessThan(0.6);
    });
    tf.tidy(() => {
      const logits = tf.log<tf.Tensor2D>(tf.add(tf.tensor2d(twoHot.slice(5, 10), [1, 5]), 1e-9));
      expect(categoricalMean(logits, atoms, 1).dataSync()[0]).toBeCloseTo(0.25, 4);
    });
  });

  it('logged returns follow a session to its end and do not leak into the next one', () => {
    const log = { nextRow: Int32Array.of(1, 2, -1, 4, -1), done: Uint8Array.of(0, 0, 1, 0, 0) };
    expect([...loggedReturns([1, 1, 1, 5, 2], log, 0.5)]).toEqual([1.75, 1.5, 1, 6, 2]);
  });
});

describe('the anti-greedy reward', () => {
  const reward = (antiGreedy: Record<string, unknown>) => {
    const world = liveWorld();
    const { split } = contextOf(world);
    const config = configOf({ antiGreedy: { lambda: 2, tau: 60, ...antiGreedy } });
    const signals = { live: 'live_watch_seconds', short: 'short_watch_seconds' };
    return { ...world, split, ...antiGreedyReward(world.dataset, split.train, signals, config) };
  };

  it('is a min(T, T_max)/τ − λ a (d − T)/τ with the displaced time of randomised rows, and 0 for nothing', () => {
    const { dataset: own, split, raw, cost } = reward({ cap: 100 });
    const d = displacedTime(own, split.train, 'short_watch_seconds');
    const live = own.responses.get('live_watch_seconds')!;
    for (let row = 0; row < 300; row += 1) {
      const time = Math.min(live[row], 100);
      const expected = own.actions[row] === 0 ? 0 : (time - 2 * (d[row] - time)) / 60;
      expect(raw[row]).toBeCloseTo(expected, 9);
      expect(cost[row]).toBeCloseTo(own.actions[row] === 0 ? 0 : (d[row] - time) / 60, 9);
    }
    const meanDisplaced = d.reduce((a, b) => a + b, 0) / d.length;
    expect(Math.abs(meanDisplaced - 20)).toBeLessThan(3);
  });

  it('with the hinge charges only streams shorter than what they displace; with app time everything seen', () => {
    const { cost } = reward({ cost: 'hinge' });
    const signed = reward({}).cost;
    cost.forEach((c, row) => expect(c).toBeCloseTo(Math.max(0, signed[row]), 9));
    const app = reward({ cost: 'app-time' });
    const total = (row: number): number =>
      app.dataset.responses.get('live_watch_seconds')![row] +
      app.dataset.responses.get('short_watch_seconds')![row];
    for (let row = 0; row < 50; row += 1) expect(app.cost[row]).toBeCloseTo(-total(row) / 60, 9);
  });

  it('is chosen where the main response is live time, and never where there is none', () => {
    const chosen = (change: Change, config: Record<string, unknown> = {}): string => {
      const { learner, reward: made } = slmgacLearner(contextOf(change), configOf(config));
      learner.dispose();
      return made.kind;
    };
    expect(chosen({})).toBe('main');
    expect(chosen(liveWorld())).toBe('anti-greedy');
    expect(chosen(liveWorld(), { reward: 'main' })).toBe('main');
    expect(() => chosen({}, { reward: 'anti-greedy' })).toThrow(/live time and short-video time/);
  });
});

describe('each switch changes what it should and nothing else', () => {
  const learnerOf = (config: Record<string, unknown>, change: Change = {}) => {
    const made = slmgacLearner(contextOf(change), configOf(config));
    const kinds = (network: Network): string[] => network.layers.map(({ kind }) => kind);
    const [first] = made.learner.critic.networks;
    const seen = {
      actor: kinds(made.learner.actor),
      critic: kinds(first),
      outputs: first.outputs,
      heads: made.chosen.heads.map(({ name, kind, width }) => `${name}:${kind}:${width}`),
      skipped: made.chosen.skipped,
      edges: Object.keys(made.edges),
    };
    made.learner.dispose();
    return seen;
  };
  const usual = ['dense', 'layer-norm', 'group-routed', 'dense'];

  it('groups, layer norm, supervision and discretisation', () => {
    const base = learnerOf({});
    expect(base).toMatchObject({ actor: usual, critic: usual, edges: ['watchTime'] });
    expect(base.heads).toEqual(['watchTime:ordinal:12', 'interaction:binary:1']);
    expect(base.outputs).toBe(2 * (1 + 12 + 1));
    const without = ['dense', 'layer-norm', 'dense'];
    expect(learnerOf({ groupDecomposition: false })).toEqual({ ...base, actor: without, critic: without });
    const bare = ['dense', 'group-routed', 'dense'];
    const network = { ...small.network, layerNorm: false };
    expect(learnerOf({ network })).toEqual({ ...base, actor: bare, critic: bare });
    const none = { ...base, outputs: 2, heads: [], skipped: [], edges: [] };
    expect(learnerOf({ supervision: 'none' })).toEqual(none);
    const heads = ['watchTime:regression:1', 'interaction:binary:1'];
    expect(learnerOf({ discretisation: 'regression' })).toEqual({ ...base, heads, outputs: 6, edges: [] });
  });

  it('the decomposed critic adds a reward head, the categorical one atoms', () => {
    expect(learnerOf({ supervision: 'decomposed' }).heads[0]).toMatch(/^reward:ordinal:\d+$/);
    expect(learnerOf({ supervision: 'categorical', categorical: { atoms: 9 } }).outputs).toBe(
      2 * (9 + 12 + 1),
    );
  });

  it('heads follow the declared responses by name, by config, or are left out and named', () => {
    const { heads, skipped } = learnerOf({}, liveWorld());
    expect(heads.map((head) => head.split(':').slice(0, 2).join(':'))).toEqual([
      'liveEnter:binary',
      'watchTime:ordinal',
      'longView:binary',
      'interaction:binary',
      'sessionContinues:binary',
      'shortSeconds:regression',
    ]);
    expect(skipped).toEqual([]);
    expect(learnerOf({}).skipped).toEqual(['liveEnter', 'longView', 'sessionContinues', 'shortSeconds']);
    const chosen = learnerOf({ heads: { watchTime: null, interaction: null, shortSeconds: 'watch' } });
    expect(chosen.heads).toEqual(['shortSeconds:regression:1']);
    expect(() => learnerOf({ heads: { liveEnter: 'nothing_like_it' } })).toThrow(/nothing_like_it/);
  });
});

// Training takes seconds on a free core and more on a crowded one.
describe('on a bandit with known truth', { timeout: 120_000 }, () => {
  const quick = { ...small, steps: 100, warmUpSteps: 20, actorDelay: 1, distillation: null };
  const uniform = trueValue(meanWatch, () => 0.5);
  const best = trueValue(meanWatch, (values) => (meanWatch(values, 1) > meanWatch(values, 0) ? 1 : 0));
  const train = (config: Record<string, unknown>, surface = worldSurface): Promise<TrainedPolicy> =>
    trainPolicy({
      dataset,
      surface,
      algorithm: 'slmgac',
      config: { ...quick, ...config },
      seed: 1,
      runId: 'run',
    });
  const valueOf = ({ artifact }: TrainedPolicy): number => {
    const policy = compilePolicy(artifact, worldSurface);
    const out = new Float64Array(2);
    return trueValue(meanWatch, (values) => {
      policy.probabilities(values, [], out);
      return out[1];
    });
  };

  it.each(['auxiliary', 'decomposed', 'categorical'] as const)(
    'closes more than half of the gap between uniform and optimal with supervision %s',
    async (supervision) => {
      const trained = await train({ supervision });
      expect(valueOf(trained)).toBeGreaterThan(uniform + 0.5 * (best - uniform));
      expect(trained.metrics).toMatchObject({ 'hasHead:watchTime': 1, 'hasHead:shortSeconds': 0 });
    },
  );

  it('its planted fault loses', async () => {
    expect(valueOf(await train({ plantedFault: 'inverted-reward' }))).toBeLessThan(uniform - 1);
  });

  it('with dual limits holds the served share of streams near its limit, by a multiplier above 0', async () => {
    const limit = { on: 'share-of-actions', direction: 'at-most', threshold: 0.3 };
    const split = { train: 0.6, validation: 0.2 };
    const { metrics } = await train({
      split,
      supervision: 'none',
      averaging: 0.05,
      dual: { limits: [limit] },
    });
    expect(metrics['multiplier:share-of-actions']).toBeGreaterThan(0);
    expect(Math.abs(metrics['evaluated:share-of-actions'] - 0.3)).toBeLessThan(0.08);
    expect(metrics['threshold:share-of-actions']).toBe(0.3);
  });

  it('shows its stability in the curve: |Q| against its bound, TD errors, twins by group', async () => {
    const { curve, metrics } = await train({ steps: 30 }, sessionSurface);
    const panel = curve[curve.length - 1].metrics;
    for (const name of ['meanAbsQ', 'maxAbsQ', 'qBound', 'tdErrorP99', 'twinSpread:low', 'twinSpread:high'])
      expect(panel[name]).toBeGreaterThan(0);
    expect(panel['maxAbsQ']).toBeLessThan(panel['qBound']);
    expect(metrics['stateValue:low']).toBeTypeOf('number');
  });

  it('keeps the edges it fitted in the lineage, and that config gives the same weights', async () => {
    const brief = { steps: 6, warmUpSteps: 2 };
    const first = await train(brief);
    const { edges } = first.artifact.header.lineage.config as { edges: Record<string, number[]> };
    expect(edges['watchTime'].length).toBe(13);
    expect(edges['watchTime'][0]).toBe(0);
    const again = await train({ ...brief, edges });
    expect(again.hash).toBe(first.hash);
  });

  it('with weight 0 on supervision is what it is without', async () => {
    const brief = { steps: 6, warmUpSteps: 2 };
    const silent = await train({ ...brief, supervisionWeight: 0 });
    const none = await train({ ...brief, supervision: 'none' });
    expect(silent.artifact.weights).toEqual(none.artifact.weights);
  });
});
