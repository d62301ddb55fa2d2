import fc from 'fast-check';

/** The part of a JSON schema that our OpenAPI document uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly additionalProperties?: Schema | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
}

export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string | null;
  readonly contentType: string;
}

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly queries: readonly string[];
  readonly body: Schema | null;
}

/** Values that have broken services before. */
const nasty = fc.constantFrom<unknown>(
  null,
  '',
  '\0',
  '\ud800',
  '🎥'.repeat(60),
  'x'.repeat(300),
  '__proto__',
  'constructor',
  "'; drop table decisions; --",
  '../../etc/passwd',
  '%00',
  '1e400',
  -0,
  2 ** 53,
  Number.MAX_VALUE,
  -1,
  [],
  {},
  [[[[[[]]]]]],
  { toString: 1, valueOf: 2 },
  { length: 1e9 },
);

/** Values of properties that exist, so that many requests get behind the first checks. */
export type Hints = Readonly<Record<string, readonly unknown[]>>;

/** Names that exist. */
const known = (names: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...names);

/** Values of the schema, now and then a nasty one in the place of a part. */
export function valueOf(
  schema: Schema,
  defs: Readonly<Record<string, Schema>>,
  names: readonly string[],
  hints: Hints,
  depth = 0,
): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 12, arbitrary: wellFormed(schema, defs, names, hints, depth) },
    { weight: 1, arbitrary: nasty },
  );
}

function wellFormed(
  schema: Schema,
  defs: Readonly<Record<string, Schema>>,
  names: readonly string[],
  hints: Hints,
  depth: number,
): fc.Arbitrary<unknown> {
  if (depth > 6) return fc.jsonValue({ maxDepth: 1 });
  const inner = (s: Schema): fc.Arbitrary<unknown> => valueOf(s, defs, names, hints, depth + 1);
  if (schema.$ref !== undefined) return inner(defs[schema.$ref.split('/').at(-1) ?? ''] ?? {});
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return fc.oneof(...choices.map(inner));
  const type = (Array.isArray(schema.type) ? schema.type[0] : schema.type) as string | undefined;
  if (type === 'object') return objectOf(schema, inner, hints);
  if (type === 'array') return fc.array(inner(schema.items ?? {}), { maxLength: 4 });
  return scalar(type, names);
}

function scalar(type: string | undefined, names: readonly string[]): fc.Arbitrary<unknown> {
  switch (type) {
    case 'string':
      return fc.oneof(
        known(names),
        fc.string({ maxLength: 40 }),
        fc.string({ unit: 'binary', maxLength: 10 }),
      );
    case 'integer':
      return fc.oneof(fc.integer({ min: -5, max: 50 }), fc.maxSafeInteger());
    case 'number':
      return fc.oneof(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
      );
    case 'boolean':
      return fc.boolean();
    default:
      return fc.jsonValue({ maxDepth: 3 });
  }
}

function objectOf(
  schema: Schema,
  inner: (s: Schema) => fc.Arbitrary<unknown>,
  hints: Hints,
): fc.Arbitrary<unknown> {
  const of = (name: string, s: Schema): fc.Arbitrary<unknown> => {
    const hint = hints[name];
    if (hint === undefined) return inner(s);
    return fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...hint) }, { weight: 1, arbitrary: inner(s) });
  };
  const properties = Object.entries(schema.properties ?? {});
  const declared = fc.record(Object.fromEntries(properties.map(([name, s]) => [name, of(name, s)])), {
    requiredKeys: [...(schema.required ?? [])],
  });
  const free = schema.additionalProperties;
  if (typeof free !== 'object') return declared;
  const names = fc.oneof(
    fc.constantFrom('hour', 'none', 'live', 'watchMs', '__proto__'),
    fc.string({ maxLength: 12 }),
  );
  return fc.tuple(declared, fc.array(fc.tuple(names, inner(free)), { maxLength: 4 })).map(([fixed, more]) =>
    // `fromEntries` makes an own `__proto__`, as JSON.parse does.
    Object.fromEntries([...Object.entries(fixed), ...more]),
  );
}

const segment = (names: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 3, arbitrary: known(names).map(encodeURIComponent) },
    { weight: 1, arbitrary: fc.webSegment({ size: 'small' }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('%00', '%', '%ff', '..', 'a%2fb', '__proto__', '%F0%9F%8E%A5', ':kill'),
    },
  );

/** Requests for one operation: most of them by the schema, some of them cut, swollen or under another content type. */
export function requestsFor(
  { method, path, queries, body }: Operation,
  defs: Readonly<Record<string, Schema>>,
  names: readonly string[],
  hints: Hints,
): fc.Arbitrary<FuzzRequest> {
  const count = [...path.matchAll(/\{\w+\}/g)].length;
  const value = fc.oneof(known(names), fc.string({ maxLength: 20 }), fc.constantFrom('-1', '1e9', '', 'NaN'));
  const query = fc.array(fc.tuple(fc.constantFrom(...queries, 'unknown', '__proto__'), value), {
    maxLength: 3,
  });
  const text = fc.oneof(
    { weight: 10, arbitrary: valueOf(body ?? {}, defs, names, hints).map((v) => JSON.stringify(v) ?? '') },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.string({ maxLength: 50 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('', '{', '[]'.repeat(3), `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`),
    },
  );
  const type = fc.oneof(
    { weight: 12, arbitrary: fc.constant('application/json') },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'text/plain',
        'application/octet-stream',
        'application/x-www-form-urlencoded',
        '',
      ),
    },
  );
  return fc
    .tuple(fc.array(segment(names), { minLength: count, maxLength: count }), query, text, type)
    .map(([segments, pairs, sent, contentType]) => {
      let i = 0;
      return {
        method: method.toUpperCase(),
        path: path.replaceAll(/\{\w+\}/g, () => segments[i++] ?? ''),
        query: pairs.map(([k, v]) => `${k}=${encodeURIComponent(Buffer.from(v).toString())}`).join('&'),
        body: method === 'get' ? null : sent,
        contentType,
      };
    });
}
