import { createRandom } from '../../../src/core/math/random.ts';
import type { Stratum } from '../../../src/core/experiment/statistics/contrast.ts';
import { testInterval } from '../../../src/core/experiment/statistics/test-interval.ts';
import { marginBar, stateOf } from '../../../src/core/experiment/statistics/verdict.ts';
import type { WinsorLimits } from '../../../src/core/experiment/statistics/winsor.ts';
import { emptyArm, enter } from './arm.ts';
import type { Design } from './design.ts';
import type { Population } from './population.ts';
import { guardrails, lookedTests, type Arms, type LookedTest, type VariancePerUnit } from './tests.ts';

/** A batch of experiments; sent to a worker. */
export interface RunsTask {
  readonly runs: number;
  readonly seed: number;
  /** Watch seconds of the treatment are multiplied by this. */
  readonly factor: number;
  /** By name; left out: all. */
  readonly tests?: readonly string[];
  readonly hasGuardrails: boolean;
}

export interface RunsShared {
  readonly population: Population;
  readonly design: Design;
  readonly limits: WinsorLimits;
  readonly variance: VariancePerUnit;
}

/** How runs ended; `share` sums the stopping time as a share of the horizon, 1 for a run that never stopped. */
export interface Ends {
  readonly runs: number;
  readonly above: number;
  readonly below: number;
  readonly share: number;
}

/** Of all runs: those with any false rollback at the margin, and with none of an effect and a margin of 1 % of control. */
export interface GuardrailEnds {
  readonly runs: number;
  readonly atMargin: number;
  readonly noEffect: number;
}

export interface RunsAnswer {
  readonly tests: Readonly<Record<string, Ends>>;
  readonly guardrails: GuardrailEnds;
}

const RELATIVE_MARGIN = 0.01;

export function task(input: RunsTask, { shared }: { readonly shared: RunsShared }): RunsAnswer {
  const tests = lookedTests.filter(({ name }) => input.tests?.includes(name) ?? true);
  const ends = Object.fromEntries(
    tests.map(({ name }) => [name, { runs: input.runs, above: 0, below: 0, share: 0 }]),
  );
  const rollbacks = { runs: input.hasGuardrails ? input.runs : 0, atMargin: 0, noEffect: 0 };
  for (let r = 0; r < input.runs; r++) {
    const one = runOnce(input, tests, shared, r);
    for (const [name, stop] of one.stops) {
      const end = ends[name];
      if (stop.sign > 0) end.above++;
      if (stop.sign < 0) end.below++;
      end.share += stop.share;
    }
    if (one.isRolledBackAtMargin) rollbacks.atMargin++;
    if (one.isRolledBack) rollbacks.noEffect++;
  }
  return { tests: ends, guardrails: rollbacks };
}

function runOnce(
  { seed, factor, hasGuardrails }: RunsTask,
  tests: readonly LookedTest[],
  { population, design, limits, variance }: RunsShared,
  r: number,
) {
  const random = createRandom(seed).fork(`run ${r}`);
  const days: Stratum[] = [];
  const arms: Arms = { control: emptyArm(), treatment: emptyArm(), days };
  const stops = new Map(tests.map(({ name }) => [name, { sign: 0, share: 1 }]));
  const rolled = { isRolledBackAtMargin: false, isRolledBack: false };
  for (let look = 1; look <= design.looks; look++) {
    enter(arms.control, population, random, { units: design.unitsPerLook, factor: 1, limits });
    enter(arms.treatment, population, random, { units: design.unitsPerLook, factor, limits });
    days.push({ control: arms.control.batch, treatment: arms.treatment.batch });
    if (look * design.unitsPerLook < design.minUnits) continue;
    const isLast = look === design.looks;
    for (const test of tests) {
      const stop = stops.get(test.name);
      if (stop === undefined || stop.sign !== 0 || (test.onlyLast === true && !isLast)) continue;
      stop.sign = signOf(test, arms, design, variance);
      if (stop.sign !== 0) stop.share = look / design.looks;
    }
    if (hasGuardrails) watchGuardrails(arms, design, rolled);
  }
  return { stops, ...rolled };
}

function signOf(test: LookedTest, arms: Arms, design: Design, variance: VariancePerUnit): number {
  const estimate = test.estimate(arms);
  if (estimate === null) return 0;
  const { lower, upper } = testInterval(estimate, test.method(design, variance), design.alpha);
  return lower > 0 ? 1 : upper < 0 ? -1 : 0;
}

/** With no effect a margin of 0 is the worst case: the truth sits exactly on the bar. */
function watchGuardrails(
  arms: Arms,
  design: Design,
  rolled: { isRolledBackAtMargin: boolean; isRolledBack: boolean },
): void {
  const tunedAt = design.tunedAt * 2 * design.looks * design.unitsPerLook;
  for (const { estimate, better } of guardrails) {
    const found = estimate(arms);
    if (found === null) continue;
    const interval = testInterval(
      found,
      { kind: 'confidence-sequence', tunedAt },
      design.alpha / guardrails.length,
    );
    const margin = RELATIVE_MARGIN * found.control.value;
    if (stateOf(interval, marginBar(better, 0)) === 'fail') rolled.isRolledBackAtMargin = true;
    if (stateOf(interval, marginBar(better, margin)) === 'fail') rolled.isRolledBack = true;
  }
}
