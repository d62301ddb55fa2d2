import { AllotError, type ErrorCode, type Violation } from './errors.ts';

/** Shortens what was sent so that an error message stays readable and never repeats a whole body. */
export function shown(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value === 'string') return value.length > 80 ? `${value.slice(0, 77)}...` : value;
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? '[array]' : '{object}';
  return value;
}

export function violation(field: string, rule: string, value?: unknown): Violation {
  return value === undefined ? { field, rule } : { field, rule, value: shown(value) };
}

/** Throws when any rule was broken; the message names the first one, `violations` carries all. */
export function refuse(code: ErrorCode, violations: readonly Violation[]): void {
  const first = violations[0];
  if (first === undefined) return;
  const sent = first.value === undefined ? '' : ` (sent: ${JSON.stringify(first.value)})`;
  throw new AllotError(code, `${first.field}: ${first.rule}${sent}`, { violations });
}

/** A broken precondition inside our own code: a bug, never the caller's fault. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AllotError('internal', `invariant broken: ${message}`);
}

export const isProbability = (p: number): boolean => p >= 0 && p <= 1;
