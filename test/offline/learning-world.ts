import { createRandom, type Random } from '../../src/core/math/random.ts';
import type { FeatureValues, Surface } from '../../src/core/surface/surface.ts';
import type { DecisionReader, DecisionRecord } from '../../src/service/ports/stores.ts';

/** A small contextual bandit whose truth is a formula: should a live stream be inserted, given these features? */
export const worldSurface: Surface = {
  name: 'world',
  schemaVersion: 1,
  actions: ['nothing', 'insert'],
  nullAction: 'nothing',
  features: [
    { name: 'interest', type: 'numeric', min: 0, max: 1 },
    { name: 'quality', type: 'numeric', min: 0, max: 1, default: 0.5 },
    { name: 'fatigue', type: 'numeric', min: 0, max: 10_000 },
    { name: 'hour', type: 'numeric', min: 0, max: 23 },
    { name: 'activeDays', type: 'numeric', min: 0, max: 30, default: 0 },
    { name: 'device', type: 'categorical', values: ['phone', 'tablet', 'tv'] },
    { name: 'isNew', type: 'boolean' },
    { name: 'taste', type: 'vector', length: 2, min: -10, max: 10 },
  ],
  groups: { feature: 'activeDays', bounds: [5, 15], names: ['unknown', 'low', 'mid', 'high'] },
  responses: [
    response('watch', 'main', 'watch', 'sum', 1800),
    response('like', 'auxiliary', 'like', 'any', 1),
    response('hide', 'cost', 'hide', 'any', 1),
  ],
  constraints: [],
  explorationFloor: 0.05,
  caps: [],
  pacing: null,
  horizon: 1,
  completeness: 'window',
  gate: { estimator: 'snips', level: 0.95, mainMargin: 1, auxiliaryMargins: {}, minEffectiveUnits: 100 },
};

function response(
  name: string,
  role: 'main' | 'auxiliary' | 'cost',
  interaction: string,
  aggregate: 'sum' | 'any',
  max: number,
): Surface['responses'][number] {
  return { name, role, interaction, aggregate, unit: 's', min: 0, max, windowSeconds: 60, default: 0 };
}

/** Mean watch seconds: nothing leaves 20; a live stream is worth between 0 and about 70. */
export function meanWatch(values: FeatureValues, action: number): number {
  if (action === 0) return 20;
  return (
    70 * Number(values['interest']) * (0.3 + 0.7 * Number(values['quality'])) + 4 * Number(values['isNew'])
  );
}

export const likeRate = (values: FeatureValues, action: number): number =>
  action === 0 ? 0.05 : 0.02 + 0.15 * Number(values['interest']);

export const hideRate = (values: FeatureValues, action: number): number =>
  action === 0 ? 0.005 : 0.01 + 0.08 * (1 - Number(values['interest']));

export function drawFeatures(random: Random): FeatureValues {
  return {
    interest: random.uniform(),
    quality: random.uniform(),
    fatigue: Math.min(10_000, Math.exp(2 + 1.5 * random.normal())),
    hour: random.integer(24),
    activeDays: random.integer(31),
    device: ['phone', 'tablet', 'tv'][random.integer(3)],
    isNew: random.uniform() < 0.3,
    taste: [random.normal(), random.normal()],
  };
}

/** Expected value per decision of a policy over fresh states; `probability` is π(insert | x). */
export function trueValue(
  mean: (values: FeatureValues, action: number) => number,
  probability: (values: FeatureValues) => number,
  states = 4000,
): number {
  const random = createRandom(99);
  let sum = 0;
  for (let i = 0; i < states; i += 1) {
    const values = drawFeatures(random);
    const p = probability(values);
    sum += p * mean(values, 1) + (1 - p) * mean(values, 0);
  }
  return sum / states;
}

const start = Date.UTC(2026, 0, 1);

/** Decisions of an exploring behaviour policy: P(insert) = 0.5, or 0.3 for new units; heavy-tailed watch time. */
export function makeRecords(options: { units: number; perUnit: number; seed: number }): DecisionRecord[] {
  const random = createRandom(options.seed);
  const records: DecisionRecord[] = [];
  for (let u = 0; u < options.units; u += 1) {
    const unitId = `unit-${String(u).padStart(5, '0')}`;
    const sessionAt = start + random.integer(86_400_000);
    for (let i = 0; i < options.perUnit; i += 1)
      records.push(makeRecord(unitId, i, sessionAt + i * 60_000, random));
  }
  return records;
}

function makeRecord(unitId: string, i: number, decidedAt: number, random: Random): DecisionRecord {
  const features = drawFeatures(random);
  const insert = features['isNew'] === true ? 0.3 : 0.5;
  const draw = random.uniform();
  const action = draw < 1 - insert ? 0 : 1;
  const decisionId = `${unitId}/${i}`;
  const base = { v: 1, tenant: 'default', decisionId } as const;
  const interactions: DecisionRecord['interactions'][number][] = [];
  const add = (type: string, value: number): void => {
    interactions.push({
      ...base,
      kind: 'interaction',
      eventId: `${decisionId}/${type}`,
      type,
      value,
      occurredAt: decidedAt + 5000,
      receivedAt: decidedAt + 9000,
    });
  };
  add('watch', Math.min(1800, meanWatch(features, action) * Math.exp(random.normal() - 0.5)));
  if (random.uniform() < likeRate(features, action)) add('like', 1);
  if (random.uniform() < hideRate(features, action)) add('hide', 1);
  return {
    decision: {
      ...base,
      kind: 'decision',
      surface: 'world',
      schemaVersion: 1,
      requestId: `${decisionId}/request`,
      unitId,
      sessionId: `${unitId}/session`,
      decidedAt,
      features,
      defaultedFeatures: [],
      group: null,
      eligibleActions: ['nothing', 'insert'],
      action: worldSurface.actions[action],
      propensity: action === 0 ? 1 - insert : insert,
      probabilities: [1 - insert, insert],
      draw,
      policyVersion: 'world@1',
      experiment: null,
      variant: null,
      block: null,
      adjustments: [],
      fallback: null,
      isForced: false,
    },
    exposures: [
      {
        ...base,
        kind: 'exposure',
        eventId: `${decisionId}/seen`,
        occurredAt: decidedAt + 100,
        receivedAt: decidedAt + 200,
      },
    ],
    interactions,
  };
}

/** The port over an array, in the order it promises. */
export function readerOf(
  records: readonly DecisionRecord[],
): Pick<DecisionReader, 'stream'> & DecisionReader {
  return {
    find: (_tenant, id) => Promise.resolve(records.find((r) => r.decision.decisionId === id)),
    async *stream({ from, until }) {
      await Promise.resolve();
      for (const record of records)
        if (record.decision.decidedAt >= from && record.decision.decidedAt < until) yield record;
    },
    counts: () => Promise.resolve({ decisions: records.length, exposures: 0, interactions: 0, orphans: 0 }),
  };
}

export const worldEnd = start + 3 * 86_400_000;
