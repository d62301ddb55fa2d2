import { refuse, violation } from '../../core/check.ts';
import {
  detectableEffects,
  durationDays,
  planExperiment,
  type PlanLine,
} from '../../core/experiment/statistics/plan.ts';
import { table } from '../output.ts';

export interface PlanFlags {
  readonly mean?: number;
  readonly sd?: number;
  readonly effect?: number;
  readonly units?: number;
  readonly unitsPerDay?: number;
  readonly share: number;
  readonly windowDays: number;
  readonly alpha: number;
  readonly power: number;
  readonly looks: number;
}

type Method = 'fixed' | 'sequential';

export interface PlanAnswer {
  readonly effect: Readonly<Record<Method, number>>;
  /** The same as a share of control's mean, where that was given. */
  readonly relativeEffect: Readonly<Record<Method, number>> | null;
  readonly units: Readonly<Record<Method, PlanLine>>;
  readonly days: Readonly<Record<Method, { readonly atMost: number; readonly expected: number }>> | null;
}

/** Two variants of equal size: units for an effect, or the smallest effect for a number of units. */
export function plan(flags: PlanFlags): PlanAnswer {
  const { mean, sd, effect, units } = flags;
  refuseUnanswerable(flags);
  const question = {
    variance: (sd ?? 1) ** 2,
    treatmentShare: 0.5,
    alpha: flags.alpha,
    power: flags.power,
    looks: flags.looks,
  };
  const effects =
    effect === undefined ? detectableEffects(units ?? 2, question) : { fixed: effect, sequential: effect };
  const first = planExperiment(effects.fixed, question);
  const isSame = effects.fixed === effects.sequential;
  const { sequential } = isSame ? first : planExperiment(effects.sequential, question);
  const planned = { fixed: first.fixed, sequential };
  const relative = (x: number): number => x / (mean ?? NaN);
  return {
    effect: effects,
    relativeEffect:
      mean === undefined || mean === 0
        ? null
        : { fixed: relative(effects.fixed), sequential: relative(effects.sequential) },
    units: planned,
    days: daysOf(flags, planned),
  };
}

/** What a single flag can say was checked where it was read. */
function refuseUnanswerable({ sd, effect, units, alpha, power, looks }: PlanFlags): void {
  refuse('invalid_request', [
    ...(sd === undefined ? [violation('--sd', 'must be given')] : []),
    ...((effect === undefined) === (units === undefined)
      ? [violation('--effect, --units', 'one of the two must be given')]
      : []),
    ...(effect === 0 ? [violation('--effect', 'must not be 0', effect)] : []),
    ...(units === 1 ? [violation('--units', 'must be above 1', units)] : []),
    ...(alpha <= 0.5 ? [] : [violation('--alpha', 'must be at most 0.5', alpha)]),
    ...(power > alpha && power <= 0.999
      ? []
      : [violation('--power', 'must be above alpha and at most 0.999', power)]),
    ...(looks <= 1000 ? [] : [violation('--looks', 'must be at most 1000', looks)]),
  ]);
}

function daysOf(flags: PlanFlags, units: PlanAnswer['units']): PlanAnswer['days'] {
  const { unitsPerDay, share, windowDays } = flags;
  if (unitsPerDay === undefined) return null;
  const days = (count: number): number => durationDays(count, { unitsPerDay, share, windowDays });
  const of = (line: PlanLine) => ({ atMost: days(line.units), expected: days(line.expectedUnits) });
  return { fixed: of(units.fixed), sequential: of(units.sequential) };
}

export function planText({ effect, relativeEffect, units, days }: PlanAnswer): string {
  const row = (method: Method): string[] => [
    method === 'fixed' ? 'one fixed look' : 'looking all the time',
    effect[method].toPrecision(4),
    relativeEffect === null ? '' : `${(100 * relativeEffect[method]).toFixed(2)} %`,
    String(units[method].units),
    String(units[method].expectedUnits),
    days === null ? '' : days[method].atMost.toFixed(1),
    days === null ? '' : days[method].expected.toFixed(1),
  ];
  const header = [
    'test',
    'effect',
    'relative',
    'units at most',
    'units expected',
    'days at most',
    'days expected',
  ];
  return table(header, [row('fixed'), row('sequential')]);
}
