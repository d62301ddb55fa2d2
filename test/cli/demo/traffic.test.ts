import { describe, expect, it } from 'vitest';
import type { FeedApi, FeedExposure, FeedInteraction, FeedRequest } from '../../../src/cli/demo/feed-api.ts';
import { seededSecrets } from '../../../src/cli/demo/demo-config.ts';
import { driveUnits } from '../../../src/cli/demo/traffic.ts';
import { createRandom } from '../../../src/core/math/random.ts';
import { defaultFeedWorld as world } from '../../../src/simulation/world.ts';

/** A feed that remembers everything it was sent and always answers the same action. */
function rememberingFeed() {
  const requests: FeedRequest[] = [];
  const exposures: FeedExposure[] = [];
  const interactions: FeedInteraction[] = [];
  const api: FeedApi = {
    decide: async (asked) => {
      requests.push(...asked);
      return asked.map(({ requestId }) => ({ decisionId: `d-${requestId}`, action: 'live' }));
    },
    expose: async (events) => void exposures.push(...events),
    interact: async (events) => void interactions.push(...events),
  };
  return { api, requests, exposures, interactions };
}

async function drive(seed: number) {
  const feed = rememberingFeed();
  let now = 1_000_000;
  const sent = await driveUnits(feed.api, {
    world,
    surface: 'live-feed',
    unitPrefix: 'u',
    units: 350,
    random: createRandom(seed),
    clock: () => (now += 10),
    onDecisions: () => undefined,
    signal: new AbortController().signal,
  });
  return { ...feed, sent };
}

describe("the demo's simulated traffic", () => {
  it('counts what it sent: distinct events and repeats apart', async () => {
    const { sent, requests, exposures, interactions } = await drive(1);
    expect(sent.decisions).toBe(requests.length);
    expect(new Set(requests.map((r) => r.requestId)).size).toBe(requests.length);
    expect(new Set(exposures.map((e) => e.eventId)).size).toBe(sent.exposures);
    expect(new Set(interactions.map((e) => e.eventId)).size).toBe(sent.interactions);
    expect(exposures.length + interactions.length).toBe(sent.exposures + sent.interactions + sent.duplicates);
    expect(sent.exposures).toBe(sent.decisions);
  });

  it('delivers some feedback late, some twice and most of it out of order', async () => {
    const { sent, interactions } = await drive(1);
    expect(sent.duplicates).toBeGreaterThan(0);
    expect(sent.late).toBeGreaterThan(0);
    const times = interactions.map((e) => e.occurredAt);
    expect(times).not.toEqual([...times].sort((a, b) => a - b));
  });

  it('is the same traffic for the same seed', async () => {
    expect((await drive(4)).interactions).toEqual((await drive(4)).interactions);
    expect((await drive(4)).interactions).not.toEqual((await drive(5)).interactions);
  });
});

describe("a temporary demo's secrets", () => {
  it('come from the seed, each for one purpose', () => {
    expect(seededSecrets(3)).toEqual(seededSecrets(3));
    const { drawKey, assignmentKey, pseudonymKey, idKeys } = seededSecrets(3);
    const all = [drawKey, assignmentKey, pseudonymKey, idKeys[0].key].map((key) => key.join(','));
    expect(new Set(all).size).toBe(4);
  });
});
