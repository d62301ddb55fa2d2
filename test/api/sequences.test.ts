import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/math/random.ts';
import type { EncodedFeature, LayerSpec } from '../../src/core/policy/artifact.ts';
import { encodeArtifact } from '../../src/core/policy/codec.ts';
import { encoderWidth } from '../../src/core/policy/encoder.ts';
import { makeArtifact } from '../../src/core/policy/make-artifact.ts';
import { weightCountOf } from '../../src/core/policy/network.ts';
import { compilePolicy } from '../../src/core/policy/policy.ts';
import type { Surface } from '../../src/core/surface/surface.ts';
import { createServer } from '../../api/server.ts';
import { createApiWorld, liveFeed, type ApiWorld } from '../support/api-world.ts';

const declaration = {
  ...liveFeed,
  explorationFloor: 0,
  features: [
    { name: 'author', type: 'hashed' as const, buckets: 20 },
    {
      name: 'recent',
      type: 'sequence' as const,
      length: 2,
      fields: [
        { name: 'author', type: 'hashed' as const, buckets: 20 },
        { name: 'watch', type: 'numeric' as const, min: 0, max: 10, default: 1 },
      ],
      default: [],
    },
  ],
};

/** author, indicator; two events of presence, author, watch, indicator; indicator. */
const inputs: EncodedFeature[] = [
  { feature: 'author', kind: 'hashed', buckets: 20, vocabulary: 'author' },
  {
    feature: 'recent',
    kind: 'sequence',
    length: 2,
    fields: [
      { field: 'author', kind: 'hashed', buckets: 20, vocabulary: 'author' },
      { field: 'watch', kind: 'numeric', transform: 'identity', mean: 5, std: 2, default: 1 },
    ],
  },
];
const network: LayerSpec[] = [
  { kind: 'embedding', in: 11, tables: [{ rows: 20, dim: 3, columns: [0, 3, 7] }] },
  {
    ...{ kind: 'target-attention', in: 17, dim: 4, heads: 2 },
    query: [{ from: 0, width: 3 }],
    sequence: { from: 4, length: 2, width: 6 },
  },
  { kind: 'dense', in: 9, out: 2, activation: 'none' },
];

describe('deciding with ids and sequences', () => {
  let world: ApiWorld;
  let api: ReturnType<typeof supertest>;
  let key: string;
  let surface: Surface;
  let requests = 0;
  const random = createRandom(2);
  const weights = new Float32Array(weightCountOf(network)).map(() => random.normal());

  beforeAll(async () => {
    world = await createApiWorld();
    key = await world.key('admin');
    api = supertest(createServer(world.services));
  });
  afterAll(() => world.stop());

  const put = (body: object) =>
    api.put('/v1/surfaces/live-feed').set('authorization', `Bearer ${key}`).send(body);
  const decide = (features: object) =>
    api
      .post('/v1/decisions')
      .set('authorization', `Bearer ${key}`)
      .send({ requestId: `r-${(requests += 1)}`, surface: 'live-feed', unitId: 'u', features });

  it('a surface declares them, and one that breaks a rule is refused with its field', async () => {
    const broken = structuredClone(declaration);
    broken.features[0].buckets = 1;
    const refused = await put(broken);
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.body)).toContain('features[0].buckets');
    const declared = await put(declaration);
    expect(declared.status).toBeLessThan(300);
    surface = declared.body as Surface;
    expect(surface.features).toEqual(declaration.features);
  });

  it('the answer is what the artifact gives for exactly what was sent, and the log holds it', async () => {
    const encoder = { inputs, width: encoderWidth(inputs) };
    const artifact = makeArtifact({ surface, algorithm: 'bc', encoder, network, weights });
    const { version } = await world.services.policies.publish(encodeArtifact(artifact), world.admin);
    await world.services.policies.setAlias('live-feed', 'champion', { version }, world.admin);
    const features = { author: 'a', recent: [{ author: 'b', watch: 3 }, { author: 7 }] };
    const { status, body } = await decide(features);
    expect(status).toBe(200);
    const out = new Float64Array(2);
    compilePolicy(artifact, surface).probabilities(features, [], out);
    const { probabilities } = body as { probabilities: Record<string, number> };
    expect(probabilities['live']).toBeCloseTo(out[1], 12);
    const logged = world.journal.events.at(-1) as unknown as {
      features: object;
      defaultedFeatures: string[];
    };
    expect(logged).toMatchObject({ features, defaultedFeatures: [] });
    const other = await decide({ author: 'a' });
    expect((other.body as { probabilities: Record<string, number> }).probabilities).not.toEqual(
      probabilities,
    );
  });

  it.each<[string, object, string]>([
    ['more events than declared', { recent: [1, 2, 3].map(() => ({ author: 'a' })) }, 'features.recent'],
    ['an event without a required field', { recent: [{ watch: 1 }] }, 'features.recent'],
    ['a field out of range', { recent: [{ author: 'a', watch: 99 }] }, 'features.recent'],
    ['an id with U+0000', { author: 'a\u0000' }, 'features.author'],
    ['an id with a lone surrogate', { author: '\ud800' }, 'features.author'],
    ['an id with U+0000 in an event', { recent: [{ author: '\u0000' }] }, 'features.recent'],
    ['an id with a lone surrogate in an event', { recent: [{ author: 'a\udfff' }] }, 'features.recent'],
    ['an id that is a fraction', { author: 1.5 }, 'features.author'],
  ])('refuses %s', async (_what, change, field) => {
    const { status, body } = await decide({ author: 'a', ...change });
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'invalid_request', violations: [{ field }] });
  });
});
