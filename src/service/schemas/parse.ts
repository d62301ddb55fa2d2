import type { z } from 'zod';
import { shown, violation } from '../../core/check.ts';
import { AllotError, type ErrorCode, type Violation } from '../../core/errors.ts';

/** Parses with a schema; refuses with every broken rule as field, rule and value. */
export function parseWith<S extends z.ZodType>(
  schema: S,
  body: unknown,
  code: ErrorCode = 'invalid_request',
): z.output<S> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const violations = parsed.error.issues.flatMap((issue) => violationsOf(issue, body)).slice(0, 50);
  const first = violations[0];
  throw new AllotError(code, `${first.field || 'body'}: ${first.rule}`, { violations });
}

/** The same for a body that may be left out; `null` is a body, and refused. */
export const parseOptional = <S extends z.ZodType>(schema: S, body: unknown): z.output<S> =>
  parseWith(schema, body === undefined ? {} : body);

type Issue = z.core.$ZodIssue;

function violationsOf(issue: Issue, body: unknown): Violation[] {
  const field = fieldOf(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const owner = valueAt(body, issue.path);
    return issue.keys.map((key) =>
      violation(fieldOf([...issue.path, key]), 'is not a known field', valueAt(owner, [key])),
    );
  }
  if (issue.code === 'invalid_union') {
    const closest = [...issue.errors].sort((a, b) => a.length - b.length)[0];
    if (closest !== undefined && closest.length > 0) {
      return closest.flatMap((inner) =>
        violationsOf({ ...inner, path: [...issue.path, ...inner.path] }, body),
      );
    }
  }
  const value = valueAt(body, issue.path);
  if (issue.code === 'invalid_type' && value === undefined) return [violation(field, 'is required')];
  return [
    value === undefined
      ? { field, rule: ruleOf(issue) }
      : { field, rule: ruleOf(issue), value: shown(value) },
  ];
}

const ruleOf = (issue: Issue): string => {
  switch (issue.code) {
    case 'invalid_type':
      return `must be of type ${issue.expected}`;
    case 'too_small':
      return `must be at least ${String(issue.minimum)}${issue.origin === 'number' ? '' : ' long'}`;
    case 'too_big':
      return `must be at most ${String(issue.maximum)}${issue.origin === 'number' ? '' : ' long'}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
    default:
      return issue.message;
  }
};

function fieldOf(path: readonly PropertyKey[]): string {
  let field = '';
  for (const part of path) {
    if (typeof part === 'number') field += `[${String(part)}]`;
    else field += field === '' ? String(part) : `.${String(part)}`;
  }
  return field;
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  let value = body;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}
