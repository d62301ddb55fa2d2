import { refuse, violation } from '../check.ts';
import type { Violation } from '../errors.ts';
import { hashedRule } from './hashed-rule.ts';
import { isSafeName } from './names.ts';
import { compileSequenceRule } from './sequence-rule.ts';
import type { FeatureSpec, FeatureValue, FeatureValues, Surface } from './surface.ts';

export interface ReadFeatures {
  /** As decided on: what was sent, with declared defaults filled in. */
  readonly values: FeatureValues;
  /** Names of the features whose default was filled in. */
  readonly defaulted: readonly string[];
}

export interface FeatureReader {
  /** Throws `invalid_request` that carries every violation, as `features.<name>`. */
  read(raw: unknown): ReadFeatures;
}

const NONE_DEFAULTED: readonly string[] = [];

/** A body with ten thousand unknown fields gets this many complaints. */
const MOST_VIOLATIONS = 100;

/**
 * Checks request features against their declaration: known names only, declared type, finite, within range, known
 * category, exact vector length, no more events than declared; an absent feature takes its default or is refused. An explicit `null` is not absent.
 */
export function compileFeatures(surface: Surface): FeatureReader {
  const checks = surface.features.map(compileFeature);
  const names = new Set(checks.map((check) => check.name));
  refuse(
    'surface_invalid',
    checks.filter((c) => !isSafeName(c.name)).map((c) => violation('features', 'safe name', c.name)),
  );
  return { read: (raw) => read(checks, names, raw) };
}

interface FeatureCheck {
  readonly name: string;
  readonly field: string;
  readonly fallback: FeatureValue | undefined;
  /** The broken rule, or null. */
  readonly broken: (value: unknown) => string | null;
}

function read(checks: readonly FeatureCheck[], names: ReadonlySet<string>, raw: unknown): ReadFeatures {
  const sent = raw === undefined ? {} : raw;
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) {
    refuse('invalid_request', [violation('features', 'is an object', sent)]);
  }
  const fields = sent as Readonly<Record<string, unknown>>;
  const violations: Violation[] = [];
  let defaulted: string[] | undefined;
  let taken = 0;
  for (let i = 0; i < checks.length; i++) {
    const check = checks[i];
    if (Object.hasOwn(fields, check.name)) {
      taken += 1;
      const value = fields[check.name];
      const rule = check.broken(value);
      if (rule !== null) violations.push(violation(check.field, rule, value));
    } else if (check.fallback !== undefined) {
      (defaulted ??= []).push(check.name);
    } else {
      violations.push(violation(check.field, 'is required: it has no default'));
    }
  }
  const keys = Object.keys(fields);
  if (keys.length > taken) addUnknown(keys, names, violations);
  if (violations.length > 0) refuse('invalid_request', violations.slice(0, MOST_VIOLATIONS));
  // What was sent in full and holds nothing else is what is decided on: no copy.
  if (defaulted === undefined) return { values: fields as FeatureValues, defaulted: NONE_DEFAULTED };
  return { values: filledIn(checks, fields as FeatureValues), defaulted };
}

function filledIn(checks: readonly FeatureCheck[], sent: FeatureValues): FeatureValues {
  const values: Record<string, FeatureValue> = {};
  for (const { name, fallback } of checks)
    values[name] = Object.hasOwn(sent, name) ? sent[name] : (fallback as FeatureValue);
  return values;
}

function addUnknown(keys: readonly string[], names: ReadonlySet<string>, violations: Violation[]): void {
  for (const key of keys) {
    if (violations.length >= MOST_VIOLATIONS) return;
    if (!names.has(key)) violations.push(violation(`features.${key.slice(0, 64)}`, 'is a declared feature'));
  }
}

function compileFeature(spec: FeatureSpec): FeatureCheck {
  return { name: spec.name, field: `features.${spec.name}`, fallback: spec.default, broken: ruleOf(spec) };
}

/** The check of one declared feature: answers the broken rule, or null. Also used on its declared default. */
export function ruleOf(spec: FeatureSpec): (value: unknown) => string | null {
  switch (spec.type) {
    case 'numeric':
      return (value) => numberRule(value, spec.min, spec.max);
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? null : 'is true or false');
    case 'categorical': {
      const known = new Set(spec.values);
      return (value) => {
        if (typeof value !== 'string') return 'is a string';
        return known.has(value) ? null : 'is one of the declared values';
      };
    }
    case 'vector':
      return (value) => vectorRule(value, spec.length, spec.min, spec.max);
    case 'hashed':
      return hashedRule;
    case 'sequence':
      return compileSequenceRule(spec, ruleOf);
  }
}

function numberRule(value: unknown, min: number, max: number): string | null {
  if (typeof value !== 'number') return 'is a number';
  if (!Number.isFinite(value)) return 'is a finite number';
  return value >= min && value <= max ? null : `is between ${min} and ${max}`;
}

function vectorRule(value: unknown, length: number, min: number, max: number): string | null {
  if (!Array.isArray(value)) return 'is a list of numbers';
  if (value.length !== length) return `has ${length} numbers`;
  for (let i = 0; i < length; i++) {
    const rule = numberRule(value[i], min, max);
    if (rule !== null) return `element ${i} ${rule}`;
  }
  return null;
}
