import { mkdtemp, readdir, rm, writeFile, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeArtifact } from '../../src/core/policy/codec.ts';
import { fixedPolicyArtifact } from '../../src/core/policy/policy.ts';
import type { Surface } from '../../src/core/surface/surface.ts';
import { createLastGoodCopy } from '../../src/disk/last-good-copy.ts';
import type { ApiKeyRecord, ControlReader, ControlState } from '../../src/service/ports/control.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';
import { noMetrics } from '../../src/service/ports/metrics.ts';
import { createKey } from '../../src/service/registry/api-keys.ts';
import { principalOf } from '../../src/service/registry/principal.ts';
import { parseWith } from '../../src/service/schemas/parse.ts';
import { surfaceDeclarationSchema, surfaceOf } from '../../src/service/schemas/surface.ts';
import { artifactHashOf } from '../../src/service/serving/policy-loader.ts';
import { createServing, type Serving } from '../../src/service/serving/serving.ts';
import { liveFeed, testSecrets } from '../support/api-world.ts';
import { createMemoryJournal } from '../support/memory-journal.ts';

const surface: Surface = surfaceOf(parseWith(surfaceDeclarationSchema, liveFeed), 'live-feed');
const admin: ApiKeyRecord = createKey({ tenant: 'acme', role: 'admin' }).record;
const bytesOf = (none: number): Uint8Array => encodeArtifact(fixedPolicyArtifact(surface, [none, 1 - none]));

/** A store whose every answer the test decides. */
class ScriptedControl implements ControlReader {
  revisionNow = 1;
  champion = 'live-feed@1';
  isAway = false;
  readonly artifacts = new Map<string, Uint8Array>();
  readonly versions = new Map<string, string>();
  experiments: ControlState['surfaces'][number]['experiments'] = [];
  loads = 0;

  publish(version: string, bytes: Uint8Array, hash = artifactHashOf(bytes)): void {
    this.artifacts.set(hash, bytes);
    this.versions.set(version, hash);
  }

  async revision(): Promise<number> {
    if (this.isAway) throw new Error('connection refused');
    return this.revisionNow;
  }

  async load(): Promise<ControlState> {
    this.loads += 1;
    const policies = [...this.versions].map(([version, artifactHash]) => ({ version, artifactHash }));
    const aliases = { champion: this.champion };
    const { experiments } = this;
    return {
      revision: this.revisionNow,
      surfaces: [{ tenant: 'acme', surface, isKilled: false, aliases, experiments, policies }],
      keys: [admin],
    };
  }

  async loadArtifact(hash: string): Promise<Uint8Array> {
    const bytes = this.artifacts.get(hash);
    if (bytes === undefined) throw new Error('no such artifact');
    return bytes;
  }

  async watch(): Promise<{ stop(): Promise<void> }> {
    return { stop: () => Promise.resolve() };
  }

  confirm(): Promise<void> {
    return Promise.resolve();
  }

  retire(): Promise<void> {
    return Promise.resolve();
  }

  replicas(): Promise<never[]> {
    return Promise.resolve([]);
  }
}

describe('what is served when something is missing or damaged', () => {
  const running: Serving[] = [];
  const folders: string[] = [];
  afterEach(async () => {
    for (const serving of running.splice(0)) await serving.stop();
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });

  const folder = async (): Promise<string> => {
    const made = await mkdtemp(join(tmpdir(), 'allot-last-good-'));
    folders.push(made);
    return made;
  };
  const start = async (control: ControlReader, directory: string): Promise<Serving> => {
    const serving = createServing({
      control,
      lastGood: createLastGoodCopy(directory),
      journal: createMemoryJournal(),
      secrets: testSecrets,
      clock: () => Date.now(),
      metrics: noMetrics,
      logger: silentLogger,
      deadlineMs: 200,
    });
    running.push(serving);
    await serving.start();
    return serving;
  };
  let requests = 0;
  const ask = (serving: Serving, unitId = 'u-1') =>
    serving.decide(
      { requestId: `r-${String((requests += 1))}`, surface: 'live-feed', unitId, features: { hour: 1 } },
      principalOf(admin),
    );

  it('a new policy replaces the old one at the next refresh, without a restart', async () => {
    const control = new ScriptedControl();
    control.publish('live-feed@1', bytesOf(0.9));
    control.publish('live-feed@2', bytesOf(0.1));
    const serving = await start(control, await folder());
    expect(ask(serving)).toMatchObject({ policyVersion: 'live-feed@1', fallback: null });
    control.champion = 'live-feed@2';
    control.revisionNow = 2;
    await serving.refresh();
    expect(ask(serving)).toMatchObject({ policyVersion: 'live-feed@2', fallback: null });
  });

  it('an unchanged revision is not loaded again', async () => {
    const control = new ScriptedControl();
    control.publish('live-feed@1', bytesOf(0.9));
    const serving = await start(control, await folder());
    await serving.refresh();
    await serving.refresh();
    expect(control.loads).toBe(1);
  });

  it.each([
    [
      'whose bytes do not match their hash',
      (good: Uint8Array) => good.with(40, good[40] ^ 1),
      artifactHashOf,
    ],
    ['that is truncated', (good: Uint8Array) => good.slice(0, -3), null],
    ['that is not an artifact', () => new TextEncoder().encode('not a policy at all'), null],
    [
      'that is for another surface',
      () => encodeArtifact(fixedPolicyArtifact({ ...surface, name: 'other' }, [0.5, 0.5])),
      null,
    ],
  ])(
    'an artifact %s is refused at load and the previous policy keeps serving',
    async (_, damage, claimed) => {
      const control = new ScriptedControl();
      control.publish('live-feed@1', bytesOf(0.9));
      const serving = await start(control, await folder());
      const good = bytesOf(0.1);
      const damaged = damage(good);
      control.publish('live-feed@2', damaged, claimed === null ? artifactHashOf(damaged) : claimed(good));
      control.champion = 'live-feed@2';
      control.revisionNow = 2;
      await serving.refresh();
      expect(serving.snapshot?.revision).toBe(2);
      const answer = ask(serving);
      expect(answer).toMatchObject({ policyVersion: 'live-feed@1', fallback: 'last-good-champion' });
      expect(answer.probabilities.none).toBeCloseTo(0.9 * 0.9 + 0.05, 6);
    },
  );

  it('an assigned version that cannot be loaded gives way to the champion and keeps its assignment', async () => {
    const control = new ScriptedControl();
    control.publish('live-feed@1', bytesOf(0.9));
    control.versions.set('live-feed@9', 'f'.repeat(64));
    control.experiments = [
      {
        id: 'e',
        surface: 'live-feed',
        name: 'e',
        state: 'running',
        salt: 's',
        layer: 'default',
        holdoutShare: 0,
        level: 0.95,
        variants: [
          { name: 'a', role: 'control', policyVersion: 'live-feed@9' },
          { name: 'b', role: 'treatment', policyVersion: 'live-feed@9' },
        ],
        blocks: [{ index: 0, fromBucket: 0, toBucket: 10_000, openedAt: 0 }],
      },
    ];
    const serving = await start(control, await folder());
    expect(ask(serving)).toMatchObject({
      policyVersion: 'live-feed@1',
      fallback: 'champion',
      experiment: 'e',
    });
  });

  it('a process that starts without the store serves the copy on its disk and says so', async () => {
    const directory = await folder();
    const control = new ScriptedControl();
    control.publish('live-feed@1', bytesOf(0.9));
    await (await start(control, directory)).stop();
    await expect.poll(() => readdir(directory)).toContain('last-good-control.bin');
    control.isAway = true;
    const restarted = await start(control, directory);
    expect(restarted.staleness()).toBeNull();
    expect(ask(restarted)).toMatchObject({ policyVersion: 'live-feed@1', fallback: 'last-good-champion' });
    control.isAway = false;
    await restarted.refresh();
    expect(ask(restarted)).toMatchObject({ policyVersion: 'live-feed@1', fallback: null });
    expect(restarted.staleness()).not.toBeNull();
  });

  it('the copy on the disk keeps the champion that works, not the damaged one', async () => {
    const directory = await folder();
    const control = new ScriptedControl();
    control.publish('live-feed@1', bytesOf(0.9));
    const first = await start(control, directory);
    control.publish('live-feed@2', new Uint8Array(50));
    control.champion = 'live-feed@2';
    control.revisionNow = 2;
    await first.refresh();
    await first.stop();
    await expect.poll(async () => (await createLastGoodCopy(directory).load())?.state.revision).toBe(2);
    control.isAway = true;
    const restarted = await start(control, directory);
    expect(ask(restarted)).toMatchObject({ policyVersion: 'live-feed@1', fallback: 'last-good-champion' });
  });

  it('a damaged copy on the disk is refused and the one before it is used', async () => {
    const directory = await folder();
    const copy = createLastGoodCopy(directory);
    const state = await new ScriptedControl().load();
    await copy.save({ ...state, revision: 7 }, new Map([['h', new Uint8Array([1, 2, 3])]]));
    await copy.save({ ...state, revision: 8 }, new Map());
    expect((await copy.load())?.state.revision).toBe(8);
    const file = join(directory, 'last-good-control.bin');
    const bytes = await readFile(file);
    bytes[60] ^= 1;
    await writeFile(file, bytes);
    const older = await copy.load();
    expect(older?.state.revision).toBe(7);
    expect(older?.artifacts.get('h')).toEqual(new Uint8Array([1, 2, 3]));
    await writeFile(`${file}.previous`, 'garbage');
    await expect(copy.load()).rejects.toThrow(/damaged/);
  });

  it('a store that hangs holds neither the start nor the decisions', async () => {
    const directory = await folder();
    const control = new ScriptedControl();
    control.publish('live-feed@1', bytesOf(0.9));
    const serving = await start(control, directory);
    control.revision = () => new Promise(() => undefined);
    await serving.refresh();
    expect(ask(serving)).toMatchObject({ policyVersion: 'live-feed@1', fallback: null });
  });

  it('without store and copy nobody is let in: it says that the store is away', async () => {
    const control = new ScriptedControl();
    control.isAway = true;
    const serving = await start(control, await folder());
    expect(serving.snapshot).toBeNull();
    expect(() => serving.authenticate('whatever')).toThrow(
      expect.objectContaining({ code: 'store_unavailable' }),
    );
  });
});
