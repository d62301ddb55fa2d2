import type { VerdictState } from '../experiment.ts';
import type { ArmEstimate } from './contrast.ts';
import { mixtureVarianceAt } from './normal-mixture.ts';
import { relativeEffect, type RelativeEffect } from './relative-effect.ts';
import { testInterval, type Tested, type TestMethod } from './test-interval.ts';
import { marginBar, stateOf } from './verdict.ts';

/** What is known of an arm at a look: cumulative, over the units that have entered. NaN: not known. */
export interface ArmSummary {
  readonly units: number;
  readonly mean: number;
  /** With n − 1. */
  readonly variance: number;
}

export interface Look {
  readonly time: number;
  readonly control: ArmSummary;
  readonly treatment: ArmSummary;
}

export interface SeriesOptions {
  readonly method: TestMethod['kind'];
  /** Two-sided error of the pair, over all its looks. */
  readonly alpha: number;
  readonly better: 'higher' | 'lower';
  /** How much worse is tolerated; a share of control's mean if relative. 0: superiority. */
  readonly margin: { readonly size: number; readonly isRelative: boolean };
  /** Units in each arm below which a look has no data: the limit theorem has not begun. */
  readonly minUnits: number;
  /** n*, units of both arms; null: four times those of the first usable look. */
  readonly tunedAt: number | null;
  /** τ of mSPRT, in the unit of the metric; null: from n* and the variance at the first usable look. */
  readonly mixtureDeviation: number | null;
}

export interface LookVerdict {
  readonly time: number;
  readonly state: VerdictState;
  /** Why there is no data. */
  readonly reason: string | null;
  readonly units: { readonly control: number; readonly treatment: number };
  /** Treatment minus control. */
  readonly effect: { readonly value: number; readonly lower: number; readonly upper: number } | null;
  /** As a share of control (Fieller); null where control is not proven above 0. */
  readonly relative: RelativeEffect | null;
  /** Against the bar; null without data. */
  readonly pValue: number | null;
}

export interface SeriesVerdict {
  /** By time. */
  readonly looks: readonly LookVerdict[];
  /** The first look that proves something; for `fixed` what a reader at every look would have stopped at. */
  readonly firstDecisive: LookVerdict | null;
  /**
   * Sequential: the state of the first decisive look (a decision is not taken back), else of the last one with data. Fixed: of the
   * last look alone.
   */
  readonly state: VerdictState;
  readonly reason: string | null;
  /** The last look that has data. */
  readonly last: LookVerdict | null;
}

/** How far n* is beyond the first look. Looking much before n* costs most: a sequence tuned early loses little later. */
const TUNED_BEYOND_FIRST = 4;

/**
 * Verdicts on one treatment–control pair, look by look, from cumulative summaries.
 *
 *     Δ = x̄_t − x̄_c,   se² = s²_t/n_t + s²_c/n_c,   interval Δ ∓ h·se,   against −margin (good direction up)
 *
 * Nothing of a later look enters an earlier one, and n* and τ depend on the first usable look only: appending looks never
 * changes a verdict that was already given. A relative margin m is tested on x̄_t − (1 ∓ m) x̄_c, without dividing.
 *
 * Valid when units enter once, with a closed outcome: totals that keep growing between looks correlate the looks, and the effect
 * that is judged is then that of the look.
 *
 * @param looks in any order; sorted by time here.
 */
export function judgeSeries(looks: readonly Look[], options: SeriesOptions): SeriesVerdict {
  let method: TestMethod | null = null;
  const verdicts = [...looks]
    .sort((a, b) => a.time - b.time)
    .map((look) => {
      const reason = whyNoData(look, options.minUnits);
      if (reason !== null) return withoutData(look, reason);
      const arms = estimates(look);
      method ??= methodFrom(arms, options);
      return judgeLook(look, arms, method, options);
    });
  const decisive = verdicts.filter(({ state }) => state === 'pass' || state === 'fail');
  const firstDecisive = decisive[0] ?? null;
  const last = [...verdicts].reverse().find(({ state }) => state !== 'no data') ?? null;
  if (last === null) {
    const reason = verdicts[verdicts.length - 1]?.reason ?? 'there is no look';
    return { looks: verdicts, firstDecisive, state: 'no data', reason, last };
  }
  const deciding = options.method === 'fixed' ? last : (firstDecisive ?? last);
  return { looks: verdicts, firstDecisive, state: deciding.state, reason: null, last };
}

function whyNoData({ control, treatment }: Look, minUnits: number): string | null {
  for (const [name, arm] of Object.entries({ control, treatment })) {
    if (!(arm.units >= Math.max(2, minUnits))) {
      const count = Number.isFinite(arm.units) ? `${arm.units}` : 'an unknown number of';
      return `${name} has ${count} units, ${Math.max(2, minUnits)} are needed`;
    }
    if (!Number.isFinite(arm.mean)) return `the mean of ${name} is missing`;
    if (!Number.isFinite(arm.variance)) return `the variance of ${name} is missing`;
  }
  if (control.variance === 0 && treatment.variance === 0) return 'neither arm shows any spread';
  return null;
}

const withoutData = ({ time, control, treatment }: Look, reason: string): LookVerdict => ({
  time,
  state: 'no data',
  reason,
  units: { control: control.units, treatment: treatment.units },
  effect: null,
  relative: null,
  pValue: null,
});

interface Arms {
  readonly control: ArmEstimate;
  readonly treatment: ArmEstimate;
}

/**
 * An arm without spread (no event yet) is not known without error: it is given the other arm's variance, which without an effect
 * is its own.
 */
function estimates({ control, treatment }: Look): Arms {
  const arm = ({ units, mean, variance }: ArmSummary, other: ArmSummary): ArmEstimate => ({
    value: mean,
    standardError: Math.sqrt((variance > 0 ? variance : other.variance) / units),
    units,
  });
  return { control: arm(control, treatment), treatment: arm(treatment, control) };
}

function methodFrom({ control, treatment }: Arms, options: SeriesOptions): TestMethod {
  if (options.method === 'fixed') return { kind: 'fixed' };
  const units = control.units + treatment.units;
  const tunedAt = options.tunedAt ?? TUNED_BEYOND_FIRST * units;
  if (options.method === 'confidence-sequence') return { kind: 'confidence-sequence', tunedAt };
  const variancePerUnit = (control.standardError ** 2 + treatment.standardError ** 2) * units;
  const mixtureVariance =
    options.mixtureDeviation === null
      ? mixtureVarianceAt(variancePerUnit, tunedAt, options.alpha)
      : options.mixtureDeviation ** 2;
  return { kind: 'msprt', mixtureVariance };
}

function judgeLook(look: Look, arms: Arms, method: TestMethod, options: SeriesOptions): LookVerdict {
  const { alpha, better, margin } = options;
  const effect = tested(arms, 1, 0, method, alpha);
  const sign = better === 'higher' ? -1 : 1;
  // Against a relative margin: treatment − (1 ∓ m) control, whose bar is 0; against an absolute one the bar moves.
  const bar = marginBar(better, margin.isRelative ? 0 : margin.size);
  const held = margin.isRelative ? tested(arms, 1 + sign * margin.size, 0, method, alpha) : effect;
  const { control, treatment } = arms;
  return {
    time: look.time,
    state: stateOf(held, bar),
    reason: null,
    units: { control: control.units, treatment: treatment.units },
    effect: { value: treatment.value - control.value, lower: effect.lower, upper: effect.upper },
    relative: relativeEffect(control, treatment, effect.reach),
    pValue: margin.isRelative ? held.pValue : tested(arms, 1, bar.at, method, alpha).pValue,
  };
}

/** treatment − factor × control, against `at`. */
function tested(
  { control, treatment }: Arms,
  factor: number,
  at: number,
  method: TestMethod,
  alpha: number,
): Tested {
  const [vc, vt] = [(factor * control.standardError) ** 2, treatment.standardError ** 2];
  const degrees =
    (vc + vt) ** 2 / (vc ** 2 / Math.max(1, control.units - 1) + vt ** 2 / Math.max(1, treatment.units - 1));
  const value = treatment.value - factor * control.value - at;
  const units = control.units + treatment.units;
  return testInterval({ value, standardError: Math.sqrt(vc + vt), units, degrees }, method, alpha);
}
