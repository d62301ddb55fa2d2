import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, type AllotClient } from '../../src/client/client.ts';
import { encodeArtifact } from '../../src/core/policy/codec.ts';
import { fixedPolicyArtifact } from '../../src/core/policy/policy.ts';
import { createApiWorld, listen, liveFeed, type ApiWorld } from '../support/api-world.ts';

describe('the loop over a real socket with the typed client', () => {
  let world: ApiWorld;
  let client: AllotClient;
  let close: () => Promise<void>;

  beforeAll(async () => {
    world = await createApiWorld();
    const listening = await listen(world.services);
    close = listening.close;
    client = createClient({ url: listening.url, key: await world.key('admin') });
  });
  afterAll(async () => {
    await close();
    await world.stop();
  });

  const request = (requestId: string, unitId = 'u-1') => ({
    requestId,
    surface: 'live-feed',
    unitId,
    features: { hour: 21 },
  });

  it('declares, serves, takes feedback, switches versions by an experiment and switches back', async () => {
    const surface = await client.declareSurface('live-feed', liveFeed);
    expect(surface.nullAction).toBe('none');
    const unready = await client.decide(request('before-any-policy'));
    expect(unready).toMatchObject({ action: 'none', propensity: 1, fallback: 'safe-action' });

    const timid = await client.publishPolicy(encodeArtifact(fixedPolicyArtifact(surface, [0.9, 0.1])));
    const bold = await client.publishPolicy(encodeArtifact(fixedPolicyArtifact(surface, [0.1, 0.9])));
    await client.setAlias('live-feed', 'champion', timid.version, 'first policy');
    const served = await client.decide(request('r-1'));
    expect(served).toMatchObject({ policyVersion: timid.version, variant: null, fallback: null });
    expect(served.probabilities.live).toBeCloseTo(0.9 * 0.1 + 0.05, 6);

    await client.expose([{ eventId: 'e-1', decisionId: served.decisionId }]);
    await client.interact([{ eventId: 'i-1', decisionId: served.decisionId, type: 'watchMs', value: 1200 }]);
    const found = await client.decision(served.decisionId);
    expect(found).toMatchObject({
      decision: { decisionId: served.decisionId, propensity: served.propensity },
    });
    expect(await client.replay(served.decisionId)).toMatchObject({ match: true });

    await client.createExperiment({
      surface: 'live-feed',
      name: 'bold-or-timid',
      variants: [
        { name: 'control', role: 'control', policyVersion: timid.version },
        { name: 'treatment', role: 'treatment', policyVersion: bold.version },
      ],
    });
    await client.startExperiment('bold-or-timid');
    const variants = new Map<string, string | null>();
    for (let i = 0; i < 60; i += 1) {
      const { variant, policyVersion } = await client.decide(request(`x-${String(i)}`, `u-${String(i)}`));
      variants.set(variant ?? 'nobody', policyVersion);
    }
    expect(Object.fromEntries(variants)).toEqual({ control: timid.version, treatment: bold.version });

    await client.stopExperiment('bold-or-timid');
    const after = await client.decide(request('r-after'));
    expect(after).toMatchObject({ policyVersion: timid.version, experiment: null, variant: null });
  });

  it('serves the safe action while the kill switch is on', async () => {
    await client.kill('live-feed', 'drill');
    expect(await client.decide(request('killed'))).toMatchObject({
      action: 'none',
      propensity: 1,
      fallback: 'killed',
    });
    await client.revive('live-feed');
    expect(await client.decide(request('revived'))).toMatchObject({ fallback: null });
  });

  it('swaps the policy under load: nothing is dropped and no answer mixes two policies', async () => {
    const noneOf = new Map<string, number>();
    for (const none of [0.2, 0.6]) {
      const { version } = await client.publishFixedPolicy('live-feed', {
        none,
        live: Number((1 - none).toFixed(1)),
      });
      noneOf.set(version, 0.9 * none + 0.05);
    }
    const versions = [...noneOf.keys()];
    await client.setAlias('live-feed', 'champion', versions[0]);
    let isSwapping = true;
    const answers: { version: string | null; none: number }[] = [];
    const ask = async (lane: number): Promise<void> => {
      for (let i = 0; isSwapping; i += 1) {
        const answer = await client.decide(request(`swap-${String(lane)}-${String(i)}`, `u-${String(i)}`));
        answers.push({ version: answer.policyVersion, none: answer.probabilities.none });
      }
    };
    const lanes = [0, 1, 2, 3].map(ask);
    for (let swap = 1; swap <= 10; swap += 1)
      await client.setAlias('live-feed', 'champion', versions[swap % 2]);
    isSwapping = false;
    await Promise.all(lanes);
    expect(new Set(answers.map(({ version }) => version))).toEqual(new Set(versions));
    for (const { version, none } of answers) expect(none).toBeCloseTo(noneOf.get(version ?? '') ?? NaN, 6);
  });

  it('answers a batch one by one and refuses only the bad one', async () => {
    const results = await client.decideBatch([
      request('b-1'),
      { ...request('b-2'), surface: 'nowhere' },
      request('b-3'),
    ]);
    expect(results.map((r) => ('decision' in r ? 'decision' : r.problem.code))).toEqual([
      'decision',
      'surface_unknown',
      'decision',
    ]);
  });
});
