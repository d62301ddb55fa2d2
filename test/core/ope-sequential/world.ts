import type { EvaluationPolicy } from '../../../src/core/ope/bandit-log.ts';
import type { OpeLimits } from '../../../src/core/ope/limits.ts';
import { compensatedSum } from '../../../src/core/math/compensated-sum.ts';
import { createRandom } from '../../../src/core/math/random.ts';
import type { SequentialEstimatorId } from '../../../src/core/ope/report.ts';
import { isTrouble } from '../../../src/core/ope/sequential/sequential-estimator.ts';
import { sequentialEstimators } from '../../../src/core/ope/sequential/sequential-estimators.ts';
import { horizonOf, type SequentialLog } from '../../../src/core/ope/sequential/sequential-log.ts';
import {
  sequentialSettings,
  type SequentialOptions,
} from '../../../src/core/ope/sequential/sequential-options.ts';
import type { SessionView } from '../../../src/core/ope/sequential/session-view.ts';
import { cumulativeLogWeights } from '../../../src/core/ope/sequential/session-weights.ts';
import { rowValues, type ValueTables } from '../../../src/core/ope/sequential/value-tables.ts';

/** A decision process small enough to enumerate. Sessions end by chance, or at the horizon. */
export interface SmallWorld {
  readonly horizon: number;
  readonly first: readonly number[];
  readonly behavior: readonly (readonly number[])[];
  readonly evaluation: readonly (readonly number[])[];
  /** next[s][a][s′]; what is missing to 1 is the chance that the session ends. */
  readonly next: readonly (readonly (readonly number[])[])[];
  readonly reward: readonly (readonly number[])[];
}

/** Every chance is a number of quarters, so that 2,048 sessions can hold each trajectory exactly in proportion. */
export const quarters: SmallWorld = {
  horizon: 3,
  first: [0.5, 0.5],
  behavior: [
    [0.5, 0.5],
    [0.75, 0.25],
  ],
  evaluation: [
    [0.2, 0.8],
    [0.35, 0.65],
  ],
  next: [
    [
      [0.5, 0.25],
      [0.25, 0.75],
    ],
    [
      [0.25, 0.5],
      [0.5, 0.25],
    ],
  ],
  reward: [
    [1, 3],
    [0.5, -2],
  ],
};

export interface Step {
  readonly state: number;
  readonly action: number;
}
export interface Trajectory {
  readonly steps: readonly Step[];
  /** Under μ. */
  readonly chance: number;
}

/** Every session that μ can produce, with its chance. */
export function trajectoriesOf(world: SmallWorld): Trajectory[] {
  const found: Trajectory[] = [];
  const walk = (steps: readonly Step[], chance: number, state: number): void => {
    world.behavior[state].forEach((p, action) => {
      const here = [...steps, { state, action }];
      if (here.length === world.horizon) {
        found.push({ steps: here, chance: chance * p });
        return;
      }
      const next = world.next[state][action];
      const end = 1 - next.reduce((a, b) => a + b, 0);
      if (end > 0) found.push({ steps: here, chance: chance * p * end });
      next.forEach((q, s) => {
        if (q > 0) walk(here, chance * p * q, s);
      });
    });
  };
  world.first.forEach((p, s) => walk([], p, s));
  return found;
}

/** Q^π at t steps from the start, by dynamic programming: values[t][s][a]. */
export function actionValues(
  world: SmallWorld,
  discount: number,
  policy: SmallWorld['evaluation'] = world.evaluation,
): number[][][] {
  const values: number[][][] = [];
  let later = world.first.map(() => 0);
  for (let t = world.horizon - 1; t >= 0; t--) {
    values[t] = world.reward.map((row, s) =>
      row.map((r, a) => r + discount * world.next[s][a].reduce((sum, q, n) => sum + q * later[n], 0)),
    );
    later = values[t].map((row, s) => row.reduce((sum, q, a) => sum + policy[s][a] * q, 0));
  }
  return values;
}

/** V(π) of a session, by dynamic programming. */
export function trueValue(
  world: SmallWorld,
  discount: number,
  policy: SmallWorld['evaluation'] = world.evaluation,
): number {
  const first = actionValues(world, discount, policy)[0];
  return world.first.reduce(
    (sum, p, s) => sum + p * first[s].reduce((inner, q, a) => inner + policy[s][a] * q, 0),
    0,
  );
}

export interface SessionWorld {
  readonly log: SequentialLog;
  readonly policy: EvaluationPolicy & { readonly kind: 'distribution' };
  /** Q^π with an error that depends on step, state and action: a wrong model. */
  readonly wrong: Float64Array;
  /** Q^π itself. */
  readonly exact: Float64Array;
}

export function logOf(
  world: SmallWorld,
  sessions: readonly (readonly Step[])[],
  discount: number,
): SessionWorld {
  const rows = sessions.flatMap((steps) => steps);
  const k = world.reward[0].length;
  const q = actionValues(world, discount);
  const starts = new Int32Array(sessions.length + 1);
  sessions.forEach((steps, j) => (starts[j + 1] = starts[j] + steps.length));
  const stepOf = sessions.flatMap((steps) => steps.map((_, t) => t));
  const table = (of: (t: number, s: number, a: number) => number): Float64Array =>
    Float64Array.from(
      rows.flatMap(({ state }, i) => Array.from({ length: k }, (_, a) => of(stepOf[i], state, a))),
    );
  return {
    log: {
      rounds: rows.length,
      actions: Int32Array.from(rows, ({ action }) => action),
      propensities: Float64Array.from(rows, ({ state, action }) => world.behavior[state][action]),
      responses: new Map([
        ['reward', Float64Array.from(rows, ({ state, action }) => world.reward[state][action])],
      ]),
      units: Int32Array.from(sessions.flatMap((steps, j) => steps.map(() => j))),
      unitCount: sessions.length,
      sessionCount: sessions.length,
      starts,
      discount,
      states: { indices: Int32Array.from(rows, ({ state }) => state), count: world.first.length },
    },
    policy: {
      kind: 'distribution',
      actionCount: k,
      probabilities: table((_, s, a) => world.evaluation[s][a]),
    },
    exact: table((t, s, a) => q[t][s][a]),
    wrong: table((t, s, a) => q[t][s][a] + 0.7 * Math.sin(1 + 3 * t + 5 * s + 11 * a)),
  };
}

/** Every trajectory as often as its chance says, exactly. */
export function fullLog(world: SmallWorld, discount: number, count = 2048): SessionWorld {
  const sessions = trajectoriesOf(world).flatMap(({ steps, chance }) => {
    const copies = chance * count;
    if (!Number.isInteger(copies)) throw new Error(`${copies} copies of a trajectory`);
    return Array.from({ length: copies }, () => steps);
  });
  return logOf(world, sessions, discount);
}

/** n sessions drawn under μ. */
export function simulatedLog(world: SmallWorld, discount: number, n: number, seed: number): SessionWorld {
  const random = createRandom(seed);
  const pick = (chances: readonly number[]): number => {
    let left = random.uniform();
    return chances.findIndex((p) => (left -= p) < 0);
  };
  const sessions = Array.from({ length: n }, () => {
    const steps: Step[] = [];
    let state = pick(world.first);
    while (state >= 0 && steps.length < world.horizon) {
      const action = pick(world.behavior[state]);
      steps.push({ state, action });
      state = pick(world.next[state][action]);
    }
    return steps;
  });
  return logOf(world, sessions, discount);
}

export const quick: SequentialOptions = { level: 0.95, resamples: 50, seed: 1 };

/** Limits that never refuse nor warn, for laws about arithmetic on tiny logs. */
export const noLimits: OpeLimits = {
  meanWeightTolerance: Infinity,
  meanWeightErrors: Infinity,
  maxUnitShare: 1,
  minEffectiveSampleSize: 0,
  maxUnsupportedFraction: 1,
  sumTolerance: 1e-6,
  weakEffectiveSampleSize: 0,
  weakMeanWeightTolerance: Infinity,
  weakUnsupportedFraction: 1,
  minEvents: 0,
};

export function viewOf(
  log: SequentialLog,
  policy: EvaluationPolicy,
  tables?: ValueTables,
  options: Partial<SequentialOptions> = {},
): SessionView {
  return {
    log,
    policy,
    horizon: horizonOf(log),
    logWeights: cumulativeLogWeights(log, policy),
    responses: log.responses.get('reward') ?? new Float64Array(),
    values: rowValues(log, policy, tables, String),
    settings: sequentialSettings({ ...quick, ...options }, log),
    shared: new Map(),
  };
}

/** The value of one estimator, without health or refusals of health. */
export function valueOf(id: SequentialEstimatorId, view: SessionView): number {
  const reduction = sequentialEstimators[id].reduce(view);
  if (isTrouble(reduction)) throw new Error(reduction.reason);
  return reduction.value(reduction.columns.map(compensatedSum));
}
