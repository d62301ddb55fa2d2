import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { RateLimits } from '../../src/service/serving/rate-limiter.ts';
import { createApiWorld, listen, type ApiWorld } from '../support/api-world.ts';

let ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends) await end();
  ends = [];
});

interface Started {
  readonly world: ApiWorld;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

async function started(rateLimits: RateLimits): Promise<Started> {
  const world = await createApiWorld({}, { rateLimits });
  await world.declare();
  const { url, close } = await listen(world.services);
  ends.push(close, () => world.stop());
  const authorization = `Bearer ${await world.key('decider')}`;
  return { world, url, headers: { authorization, 'content-type': 'application/json' } };
}

const decisions = (count: number) =>
  JSON.stringify({
    requests: Array.from({ length: count }, (_, i) => ({
      requestId: `r-${String(i)}`,
      surface: 'live-feed',
      unitId: 'u-1',
      features: { hour: 1 },
    })),
  });

interface HalfSent {
  /** Resolves when its headers have been let through. */
  readonly begun: Promise<unknown>;
  finish(): void;
  readonly answer: Promise<{ readonly status: number; readonly retryAfter: number }>;
}

function halfSent({ url, headers }: Started, body: string): HalfSent {
  const sent = request(`${url}/v1/decisions:batch`, {
    method: 'POST',
    agent: false,
    headers: { ...headers, 'content-length': Buffer.byteLength(body), expect: '100-continue' },
  });
  const begun = once(sent, 'continue');
  const answer = once(sent, 'response').then(([response]: IncomingMessage[]) => {
    response.resume();
    return { status: response.statusCode ?? 0, retryAfter: Number(response.headers['retry-after'] ?? 0) };
  });
  sent.flushHeaders();
  return { begun, answer, finish: () => void sent.end(body) };
}

describe('the rate of a key that sends batches', () => {
  it('counts each event of feedback', async () => {
    const at = await started({ decider: { perSecond: 0.01, burst: 5 } });
    const body = { requestId: 'r-1', surface: 'live-feed', unitId: 'u-1', features: { hour: 1 } };
    const { decisionId } = at.world.serving.decide(body, at.world.admin);
    for (const [kind, more] of [
      ['interactions', { type: 'watchMs', value: 1 }],
      ['exposures', {}],
    ] as const) {
      const { world, url } = at;
      const headers = { ...at.headers, authorization: `Bearer ${await world.key('decider')}` };
      const send = (name: string) =>
        fetch(`${url}/v1/${kind}`, {
          method: 'POST',
          headers,
          body: JSON.stringify({
            [kind]: [1, 2, 3, 4, 5].map((i) => ({ eventId: `${name}-${String(i)}`, decisionId, ...more })),
          }),
        });
      expect((await send('first')).status).toBe(202);
      expect((await send('second')).status).toBe(429);
    }
  });

  it('refuses batches that came together once one of them has used it up, and decides none of them', async () => {
    const at = await started({ decider: { perSecond: 1, burst: 20 } });
    const batches = Array.from({ length: 10 }, () => halfSent(at, decisions(50)));
    await Promise.all(batches.map(({ begun }) => begun));
    for (const { finish } of batches) finish();
    const answers = await Promise.all(batches.map(({ answer }) => answer));
    const refused = answers.filter(({ status }) => status === 429);
    expect([answers.filter(({ status }) => status === 200).length, refused.length]).toEqual([1, 9]);
    expect(at.world.journal.events).toHaveLength(50);
    // What the one has used beyond the burst, and no debt of those that were refused.
    for (const { retryAfter } of refused) expect(retryAfter).toBeLessThanOrEqual(50);
  });
});
