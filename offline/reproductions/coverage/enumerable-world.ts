import type { Random } from '../../../src/core/math/random.ts';
import { addRow, emptySample, type RegimeFacts, type Truth, type UnitSample } from './unit-sample.ts';

export interface Outcome {
  readonly value: number;
  readonly share: number;
}

export interface WorldContext {
  readonly share: number;
  readonly behavior: readonly number[];
  readonly policy: readonly number[];
  /** Of each action. */
  readonly outcomes: readonly (readonly Outcome[])[];
}

/**
 * A world small enough to be summed up exactly: a unit has a type, a row a context of that type, an action an outcome. Rows of
 * a unit share its type and are therefore correlated; their number is drawn apart from everything else.
 */
export interface EnumerableWorld {
  readonly name: string;
  readonly isBenign: boolean;
  readonly units: number;
  readonly types: readonly { readonly share: number; readonly contexts: readonly WorldContext[] }[];
  readonly rowsPerUnit: readonly Outcome[];
  readonly clip: number;
  /** q̂ of every action, wrong on purpose. */
  readonly model: readonly number[];
}

/** V(π), V(μ) and the clipped target by summation. */
export function truthOf(world: EnumerableWorld): Truth {
  let value = 0;
  let behavior = 0;
  let clipped = 0;
  for (const type of world.types) {
    for (const context of type.contexts) {
      context.outcomes.forEach((outcomes, a) => {
        const mean = outcomes.reduce((sum, o) => sum + o.share * o.value, 0);
        const mass = type.share * context.share * mean;
        const weight = context.policy[a] / context.behavior[a];
        value += mass * context.policy[a];
        behavior += mass * context.behavior[a];
        clipped += mass * context.behavior[a] * Math.min(weight, world.clip);
      });
    }
  }
  return { value, behavior, clipped, total: value, behaviorTotal: behavior };
}

export function factsOf(world: EnumerableWorld): RegimeFacts {
  const contexts = world.types.flatMap((type) => type.contexts);
  const weights = contexts.flatMap(({ policy, behavior }) => policy.map((p, a) => p / behavior[a]));
  const values = contexts.flatMap(({ outcomes }) => outcomes.flat().map(({ value }) => value));
  return {
    name: world.name,
    isBenign: world.isBenign,
    units: world.units,
    responses: { min: 0, max: Math.max(...values) },
    largestWeight: Math.max(...weights),
    clip: world.clip,
    mostRowsPerUnit: Math.max(...world.rowsPerUnit.map(({ value }) => value)),
    hasReactiveRows: false,
    isBinary: values.every((v) => v === 0 || v === 1),
    truth: truthOf(world),
  };
}

export function drawSample(world: EnumerableWorld, random: Random): UnitSample {
  const sample = emptySample(world.units);
  for (let k = 0; k < world.units; k++) {
    const type = pick(world.types, random.uniform());
    const rows = pick(world.rowsPerUnit, random.uniform()).value;
    for (let i = 0; i < rows; i++) addRow(sample, k, drawRow(world, type.contexts, random), world.clip);
  }
  return sample;
}

function drawRow(world: EnumerableWorld, contexts: readonly WorldContext[], random: Random) {
  const { behavior, policy, outcomes } = pick(contexts, random.uniform());
  const u = random.uniform();
  let a = 0;
  for (let below = behavior[0]; u >= below && a < behavior.length - 1; below += behavior[a]) a++;
  return {
    weight: policy[a] / behavior[a],
    response: pick(outcomes[a], random.uniform()).value,
    underPolicy: policy.reduce((sum, p, b) => sum + p * world.model[b], 0),
    ofAction: world.model[a],
  };
}

function pick<T extends { readonly share: number }>(items: readonly T[], u: number): T {
  let below = 0;
  for (const item of items) {
    below += item.share;
    if (u < below) return item;
  }
  return items[items.length - 1];
}
