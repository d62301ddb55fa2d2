import { createRandom, type Random } from '../../core/math/random.ts';
import { drawAction } from '../../core/policy/serve.ts';
import type { SimulatedDecision } from '../log.ts';
import { featuresOf } from './tabular-surface.ts';
import type { TabularPolicy, TabularResponse, TabularWorld } from './tabular-world.ts';

/** One decision of a sampled log, ordered by unit and time. */
export interface TabularDecision extends SimulatedDecision {
  /** Index of the state. */
  readonly state: number;
}

const MINUTE = 60_000;

/** Sessions longer than this are cut off: not done, no next row. Never reached where sessions end. */
const MOST_DECISIONS = 10_000;

/**
 * One session per unit under a policy, as it is served. Streams are forked by unit, so more units leave the others as
 * they are.
 */
export function sampleLog(
  world: TabularWorld,
  policy: TabularPolicy,
  options: { readonly units: number; readonly seed: number },
): TabularDecision[] {
  const random = createRandom(options.seed);
  const rows: TabularDecision[] = [];
  for (let u = 0; u < options.units; u++) {
    const unitId = `u${String(u).padStart(7, '0')}`;
    sampleSession(world, policy, { unitId, startsAt: u * MINUTE }, random.fork(unitId), rows);
  }
  return rows;
}

function sampleSession(
  world: TabularWorld,
  policy: TabularPolicy,
  unit: { readonly unitId: string; readonly startsAt: number },
  random: Random,
  rows: TabularDecision[],
): void {
  const k = world.actions.length;
  let state = drawAction(
    world.states.map(({ start }) => start),
    random.uniform(),
  );
  for (let t = 0; t < MOST_DECISIONS; t++) {
    const probabilities = [...policy.subarray(state * k, (state + 1) * k)];
    const action = drawAction(probabilities, random.uniform());
    const { next, means } = world.states[state].actions[action];
    const responses = drawResponses(world, means, random);
    const after = drawNext(next, random.uniform());
    rows.push({
      unitId: unit.unitId,
      sessionId: `s-${unit.unitId}`,
      decisionId: `${unit.unitId}/${t}`,
      decidedAt: unit.startsAt + t * MINUTE,
      features: featuresOf(world, world.states[state]),
      defaulted: [],
      eligible: world.actions.map(() => true),
      action,
      propensity: probabilities[action],
      probabilities,
      responses,
      isComplete: true,
      done: after < 0,
      hasNext: after >= 0 && t + 1 < MOST_DECISIONS,
      state,
    });
    if (after < 0) return;
    state = after;
  }
}

const drawResponses = (
  world: TabularWorld,
  means: Readonly<Record<string, number>>,
  random: Random,
): Record<string, number> =>
  Object.fromEntries(
    world.responses.map((response) => [response.name, draw(response, means[response.name], random)]),
  );

/** −1: the session ends. */
function drawNext(next: readonly (readonly [number, number])[], u: number): number {
  let below = 0;
  for (const [state, probability] of next) {
    below += probability;
    if (u < below) return state;
  }
  return -1;
}

/** E = mean for every kind; log-normal: mean · exp(σ z − σ²/2). */
function draw({ kind, spread = 0 }: TabularResponse, mean: number, random: Random): number {
  if (kind === 'event') return Number(random.uniform() < mean);
  if (kind === 'exact') return mean;
  return mean * Math.exp(spread * random.normal() - (spread * spread) / 2);
}
