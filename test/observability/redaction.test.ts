import { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/observability/logger.ts';

const SECRET = 'hush4711'.padEnd(43, 'x');

function logged(fields: Readonly<Record<string, unknown>>): string {
  let text = '';
  const sink = new Writable({
    write(chunk: Buffer, _, done) {
      text += chunk.toString();
      done();
    },
  });
  createLogger('debug', sink).error(fields, 'something happened');
  expect(text.endsWith('\n')).toBe(true);
  return text;
}

const secretNames = [
  ...['password', 'passwd', 'passphrase', 'apiKey', 'api_key', 'key', 'token', 'accessToken', 'secret'],
  ...['clientSecret', 'authorization', 'cookie', 'set-cookie', 'connectionString', 'databaseUrl'],
  ...[
    'DATABASE_URL',
    'KAFKA_SASL_PASSWORD',
    'drawKey',
    'privateKey',
    'X-Api-Key',
    'credentials',
    'PGPASSWORD',
  ],
];

/** What surrounds a secret: objects, lists, maps and errors, nested in any way. */
const around = (planted: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc
    .tuple(
      planted,
      fc.array(fc.constantFrom('object', 'list', 'cause', 'property', 'aggregate', 'map', 'json'), {
        maxLength: 6,
      }),
    )
    .map(([value, layers]) => layers.reduce(wrap, value));

function wrap(inner: unknown, layer: string): unknown {
  switch (layer) {
    case 'list':
      return ['first', inner];
    case 'cause':
      return new Error('it failed', { cause: inner });
    case 'property':
      return Object.assign(new Error('it failed'), { context: inner });
    case 'aggregate':
      return new AggregateError([inner], 'all failed');
    case 'map':
      return new Map([['inner', inner]]);
    case 'json':
      return { toJSON: () => inner };
    default:
      return { broker: 'kafka:9092', inner };
  }
}

const byName = fc
  .constantFrom(...secretNames)
  .chain((name) =>
    fc.constantFrom<unknown>(
      { [name]: SECRET },
      { [name]: { nested: [SECRET] } },
      { [name]: Buffer.from(SECRET) },
      Object.assign(new Error('refused'), { [name]: SECRET }),
    ),
  );

const texts = [
  `postgres://allot:${SECRET}@db:5432/allot`,
  `postgresql://allot:${SECRET}@db/allot?sslmode=require`,
  `connecting to https://someone:${SECRET}@proxy failed`,
  `postgres://allot@db/allot?user=allot&password=${SECRET}`,
  `host=db user=allot password=${SECRET} dbname=allot`,
  `password: "${SECRET}", mechanism: plain`,
  `authorization: Bearer ${SECRET}`,
  `GET / HTTP/1.1 Authorization: Basic ${SECRET}`,
  `no such key allot_${SECRET}`,
];
const inText = fc
  .constantFrom(...texts)
  .chain((text) =>
    fc.constantFrom<unknown>(
      text,
      new Error(text),
      { message: text },
      Object.assign(new Error('x'), { stack: text }),
    ),
  );

describe('a secret', () => {
  it('under a name of its kind does not reach the log, however deep it lies', () => {
    fc.assert(
      fc.property(around(byName), (planted) => {
        const text = logged({ error: planted, other: { deeper: planted } });
        expect(text).not.toContain(SECRET);
        expect(text).not.toContain(JSON.stringify(Buffer.from(SECRET)).slice(8, 40));
      }),
    );
  });

  it('inside a text or the message of an error does not reach the log', () => {
    fc.assert(
      fc.property(around(inText), (planted) => {
        expect(logged({ error: planted, note: planted })).not.toContain(SECRET);
      }),
    );
  });
});

describe('what is logged beside secrets', () => {
  it('stays readable: names of files, counts, addresses, codes, causes, times', () => {
    const at = new Date(0);
    const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });
    const fields = {
      secretsFile: '/data/secrets.json',
      keyIds: ['a'],
      keyHash: 'h',
      at,
      n: 3,
      nothing: null,
    };
    const record = JSON.parse(logged({ ...fields, error: new Error('no store', { cause }) })) as object;
    expect(record).toMatchObject({ ...fields, at: '1970-01-01T00:00:00.000Z' });
    expect(record).toMatchObject({
      msg: 'something happened',
      error: { message: 'no store', cause: { message: cause.message, code: 'ECONNREFUSED' } },
    });
  });

  it('may refer to itself, and may be deep', () => {
    const ring: Record<string, unknown> = { name: 'ring' };
    ring.self = ring;
    expect(logged({ ring })).toContain('[circular]');
    const deep = Array.from({ length: 50 }).reduce<unknown>((inner) => ({ inner }), 'bottom');
    expect(logged({ deep })).toContain('[too deep]');
  });
});
