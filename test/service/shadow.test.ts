import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/math/random.ts';
import { encodeArtifact } from '../../src/core/policy/codec.ts';
import { fixedPolicyArtifact } from '../../src/core/policy/policy.ts';
import { createMemoryStores } from '../../src/memory/stores.ts';
import { shadowReports } from '../../src/service/experiments/evidence.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';
import { artifactHashOf } from '../../src/service/serving/policy-loader.ts';
import { createShadowWatch } from '../../src/service/shadow/shadow-watch.ts';
import { experimentSurface, experimentTraffic } from '../support/experiment-traffic.ts';

const START = Date.UTC(2026, 0, 10, 12);
const actor = { tenant: 't', id: 'test' };
const surface = { ...experimentSurface, explorationFloor: 0 };

describe('a shadow candidate', () => {
  it('is scored on what others decided: agreement, overlap, action rate and responses, each decision once', async () => {
    const stores = createMemoryStores();
    await stores.surfaces.declare(surface, actor);
    const artifact = fixedPolicyArtifact(surface, [0.25, 0.75]);
    const bytes = encodeArtifact(artifact);
    const hash = artifactHashOf(bytes);
    const { version } = await stores.policies.publish(
      { surface: surface.name, header: artifact.header, bytes, hash },
      actor,
    );
    await stores.policies.setAlias(surface.name, 'shadow-bold', version, actor);
    const log = experimentTraffic({ tenant: 't', experiment: 'e', units: 60, startAt: START, treated: 0.5 });
    // The odd units were decided by a coin, the even ones never act.
    const coin = log.filter((event) => event.kind !== 'decision' || event.variant === 'treatment');
    await stores.events.write({ events: coin, deadLetters: [] });
    const decisions = coin.filter((event) => event.kind === 'decision').length;
    let now = START + 60_000;
    const watch = createShadowWatch({
      ...stores,
      clock: () => now,
      stopwatch: () => 0,
      random: createRandom(1),
      logger: silentLogger,
    });
    await watch();
    await watch();
    now += 60_000;
    await watch();
    const [report] = await shadowReports(stores.shadows, 't', surface.name);
    expect(report.policyVersion).toBe(version);
    const total = report.total!;
    expect(total.decisions).toBe(decisions);
    expect(total.actionRate.candidate).toBeCloseTo(0.75, 6);
    expect(total.actionRate.served).toBeCloseTo(0.5, 12);
    expect(total.overlap).toBeCloseTo(0.75, 6);
    expect(total.unsupportedShare).toBe(0);
    expect(total.responses.watch_seconds.candidate).not.toBeNull();
    expect(total.responses.watch_seconds.decisions).toBe(decisions);
  });

  it('that fits its surface no more is named in the log, and the next surface is scored', async () => {
    const stores = createMemoryStores();
    for (const name of ['a-feed', 'b-feed']) {
      const declared = { ...surface, name };
      await stores.surfaces.declare(declared, actor);
      const artifact = fixedPolicyArtifact(declared, [0.25, 0.75]);
      const bytes = encodeArtifact(artifact);
      const hash = artifactHashOf(bytes);
      const published = { surface: name, header: artifact.header, bytes, hash };
      const { version } = await stores.policies.publish(published, actor);
      await stores.policies.setAlias(name, 'shadow', version, actor);
    }
    await stores.surfaces.declare({ ...surface, name: 'a-feed', schemaVersion: 2 }, actor);
    const warned: unknown[] = [];
    const scored: string[] = [];
    const watch = createShadowWatch({
      ...stores,
      shadows: {
        ...stores.shadows,
        add: (_tenant, score) => {
          scored.push(score.surface);
          return Promise.resolve(true);
        },
      },
      clock: () => START,
      stopwatch: () => 0,
      random: createRandom(1),
      logger: { ...silentLogger, warn: (fields) => void warned.push(fields) },
    });
    await watch();
    expect(scored).toEqual(['b-feed']);
    expect(warned).toMatchObject([
      { surface: 'a-feed', alias: 'shadow', error: { code: 'artifact_invalid' } },
    ]);
  });
});
