import type { Examination } from './examination.ts';
import type { GateLine } from './gate-verdict.ts';
import { isWeakness, shortNumber } from './trouble.ts';

/** A distance between student and teacher and the most it may be, for example a mean total variation by group. */
export interface StudentCheck {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
}

/** An invalid artifact needs no evidence to be refused. */
export const artifactLine = (problems: readonly string[]): GateLine[] =>
  problems.length === 0
    ? []
    : [{ name: 'artifact', state: 'violated', bound: null, threshold: null, reason: problems.join('; ') }];

/** Health is not weak: the effective sample in units, and no other warning about the weights. */
export function healthLine(examination: Examination, minEffectiveUnits: number, units: number): GateLine {
  const size = examination.health.effectiveSampleSize;
  const line = {
    name: 'health',
    bound: Number.isFinite(size) ? size : null,
    threshold: minEffectiveUnits,
  };
  if (examination.unusable !== null) {
    const { code, reason, needed } = examination.unusable;
    return { ...line, state: 'undecided', reason: `${code}: ${reason}; needed: ${needed}` };
  }
  const weak = [...examination.weightWarnings, ...examination.supportWarnings].filter(isWeakness);
  if (weak.length === 0) {
    return { ...line, state: 'holds', reason: `effective sample ${shortNumber(size)} of ${units} units` };
  }
  const enough =
    size < minEffectiveUnits
      ? `; about ${Math.ceil((units * minEffectiveUnits) / size)} units of such a log would be enough`
      : '';
  const reasons = weak.map(({ code, reason }) => `${code}: ${reason}`).join('; ');
  return { ...line, state: 'undecided', reason: reasons + enough };
}

/** The student is what was valued; a student far from its teacher is not what was trained. */
export const studentLines = (checks: readonly StudentCheck[]): GateLine[] =>
  checks.map(({ name, value, limit }) => ({
    name: `student: ${name}`,
    state: value <= limit ? 'holds' : 'undecided',
    bound: value,
    threshold: limit,
    reason: `${shortNumber(value)} ${value <= limit ? 'is within' : 'is above'} ${shortNumber(limit)}`,
  }));
