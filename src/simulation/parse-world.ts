import { refuse, violation } from '../core/check.ts';
import type { Violation } from '../core/errors.ts';
import type { FeedWorldConfig } from './world.ts';
import { worldSchema } from './world-schema.ts';

/**
 * A world from JSON. Whatever is left out takes its default, section by section and field by field, so `parseWorld({})`
 * is the default world.
 *
 * @throws AllotError `config_invalid` with every broken rule: the field, the rule and what was there
 */
export function parseWorld(raw: unknown): FeedWorldConfig {
  const parsed = worldSchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const violations = parsed.error.issues.flatMap((issue): Violation[] => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => {
        const path = [...issue.path, key];
        return violation(fieldOf(path), 'is not a field of a world', valueAt(raw, path));
      });
    return [violation(fieldOf(issue.path), ruleOf(issue.message), valueAt(raw, issue.path))];
  });
  refuse('config_invalid', violations);
  throw parsed.error;
}

const fieldOf = (path: readonly PropertyKey[]): string =>
  path.length === 0
    ? '(world)'
    : path
        .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
        .join('')
        .replace(/^\./, '');

const ruleOf = (message: string): string => message.replace(/^(Invalid input|Too small|Too big): /, '');

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  let value = raw;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}
