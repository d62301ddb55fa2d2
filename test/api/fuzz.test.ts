import { Agent } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createApiWorld, listen, liveFeed, type ApiWorld } from '../support/api-world.ts';
import { fuzzApi, fuzzTable, liveFeedHints } from '../support/fuzz/fuzz-api.ts';

// `npm run fuzz` does the same for minutes, on a real database (test/fuzz/main.ts).
const PER_ROUTE = 60;
const agent = new Agent({ keepAlive: true, maxSockets: 8 });

let world: ApiWorld;
let server: Awaited<ReturnType<typeof listen>>;
beforeAll(async () => {
  world = await createApiWorld();
  const surface = await world.declare(liveFeed);
  const version = await world.policy(surface, [0.5, 0.5]);
  await world.services.policies.setAlias('live-feed', 'champion', { version }, world.admin);
  server = await listen(world.services);
});
afterAll(async () => {
  agent.destroy();
  await server.close();
  await world.stop();
});

it('no request that the schemas allow, or nearly, is answered 5xx, hangs or ends the process', async () => {
  const body = { requestId: 'r', surface: 'live-feed', unitId: 'u-1', features: { hour: 1 } };
  const { decisionId } = world.serving.decide(body, world.admin);
  const tallies = await fuzzApi({
    url: server.url,
    key: await world.key('admin'),
    agent,
    perRoute: PER_ROUTE,
    seed: 20_261_124,
    ...liveFeedHints(decisionId),
  });
  process.stdout.write(`${fuzzTable(tallies)}\n`);
  expect(
    tallies.flatMap(({ route, unexpected }) => unexpected.slice(0, 2).map((u) => ({ route, ...u }))),
  ).toEqual([]);
  for (const { tried, route } of tallies) expect(tried, route).toBe(PER_ROUTE);
  const answered = await fetch(`${server.url}/health/live`);
  expect(answered.status).toBe(200);
  expect(({} as { polluted?: unknown; a?: unknown }).a).toBeUndefined();
}, 120_000);
