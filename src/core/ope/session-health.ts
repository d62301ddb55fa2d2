import { influencesByUnit, standardError } from './delta-method.ts';
import type { GateLine } from './gate-verdict.ts';
import { effectiveSampleSize } from './health.ts';
import type { Warning } from './report.ts';
import type { SessionSide } from './sequential/marginal-dr.ts';
import { sumSessionsByUnit, type SequentialLog } from './sequential/sequential-log.ts';
import { percent, shortNumber } from './trouble.ts';

/** What can be said of ratios of visits without a value. */
export interface RatioHealth {
  /** By unit, of the sums of ω. */
  readonly effectiveSampleSize: number;
  /** Largest share of Σ ω held by one unit. */
  readonly largestShare: number;
  /** Mean over sessions of ω at the last row: every session of π ends once, so it should be 1. */
  readonly endMass: number;
  readonly endMassStandardError: number;
}

export function ratioHealth(log: SequentialLog, { ratios }: SessionSide): RatioHealth {
  const sums = sumSessionsByUnit(log, (j) => {
    let sum = 0;
    for (let i = log.starts[j]; i < log.starts[j + 1]; i++) sum += ratios[i];
    return sum;
  });
  const total = sums.reduce((a, b) => a + b, 0);
  const ends = sumSessionsByUnit(log, (j) => ratios[log.starts[j + 1] - 1]);
  const sessions = sumSessionsByUnit(log, () => 1);
  const endMass = ends.reduce((a, b) => a + b, 0) / log.sessionCount;
  const gradient = [1 / log.sessionCount, -endMass / log.sessionCount];
  return {
    effectiveSampleSize: effectiveSampleSize(sums),
    largestShare: sums.reduce((largest, sum) => Math.max(largest, sum), 0) / total,
    endMass,
    endMassStandardError: standardError(influencesByUnit([ends, sessions], gradient)),
  };
}

/** Off by more than this share and by more than so many standard errors, it is trouble; as for weights that should have a mean of 1. */
const END_MASS_TOLERANCE = 0.1;
const END_MASS_ERRORS = 2;

/**
 * Ratios that would say more than they know: too few effective units, one unit with much of them, or sessions of the valued
 * policy that do not add up. Then no line per session proves anything.
 */
export function ratioWeaknesses(
  health: RatioHealth,
  limits: { readonly minEffectiveUnits: number; readonly maxUnitShare: number },
  units: number,
): Warning[] {
  const { effectiveSampleSize: size, largestShare, endMass, endMassStandardError } = health;
  const off = Math.abs(endMass - 1);
  const found: Warning[] = [];
  if (!(size >= limits.minEffectiveUnits)) {
    const enough = Math.ceil((units * limits.minEffectiveUnits) / size);
    const reason = `of sessions the effective sample is ${shortNumber(size)} units (weak below ${limits.minEffectiveUnits}); about ${enough} units of such a log would be enough`;
    found.push({ code: 'low_effective_sample_size', reason });
  }
  if (!(largestShare <= limits.maxUnitShare))
    found.push({ code: 'unit_dominates', reason: `one unit holds ${percent(largestShare)} of the ratios` });
  if (!(off <= END_MASS_TOLERANCE || off <= END_MASS_ERRORS * endMassStandardError)) {
    const reason =
      `the candidate’s sessions end ${shortNumber(endMass)} times, it should be once: it goes where the log hardly does; ` +
      'a log that explores more towards it would be enough';
    found.push({ code: 'end_mass_off', reason });
  }
  return found;
}

/** The line of the gate: weak ratios prove nothing in either direction. */
export function sessionHealthLine(
  health: RatioHealth,
  limits: { readonly minEffectiveUnits: number; readonly maxUnitShare: number },
  units: number,
): GateLine {
  const weak = ratioWeaknesses(health, limits, units);
  const { effectiveSampleSize: size, endMass } = health;
  return {
    name: 'health: sessions',
    state: weak.length === 0 ? 'holds' : 'undecided',
    bound: Number.isFinite(size) ? size : null,
    threshold: limits.minEffectiveUnits,
    reason:
      weak.length === 0
        ? `effective sample ${shortNumber(size)} of ${units} units, sessions end ${shortNumber(endMass)} times`
        : weak.map(({ code, reason }) => `${code}: ${reason}`).join('; '),
  };
}
