import { afterEach, describe, expect, it } from 'vitest';
import { createHealth } from '../../../src/service/serving/health.ts';
import { confirmationsOf } from '../../../src/service/serving/confirmations.ts';
import { createServing, type Serving, type ServingOptions } from '../../../src/service/serving/serving.ts';
import type { ControlReader } from '../../../src/service/ports/control.ts';
import { silentLogger } from '../../../src/service/ports/logger.ts';
import { noMetrics, type Metrics } from '../../../src/service/ports/metrics.ts';
import { createApiWorld, testSecrets, type ApiWorld } from '../../support/api-world.ts';
import { createMemoryJournal } from '../../support/memory-journal.ts';

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
});

/** A surface whose champion is served. */
async function createWorld(): Promise<ApiWorld & { readonly version: string }> {
  const world = await createApiWorld();
  running.push(world);
  const surface = await world.declare();
  const version = await world.policy(surface, [0.5, 0.5]);
  await world.services.policies.setAlias('live-feed', 'champion', { version }, world.admin);
  return { ...world, version };
}

async function startReplica(
  options: Pick<ServingOptions, 'control'> & Partial<ServingOptions>,
): Promise<Serving> {
  const serving = createServing({
    lastGood: { save: () => Promise.resolve(), load: () => Promise.resolve(null) },
    journal: createMemoryJournal(),
    secrets: testSecrets,
    clock: Date.now,
    metrics: noMetrics,
    logger: silentLogger,
    ...options,
  });
  running.push(serving);
  await serving.start();
  return serving;
}

/** A store that gives no artifact while it is told so. */
const withoutArtifacts = ({ stores: { control } }: ApiWorld, isMissing: () => boolean): ControlReader => ({
  ...control,
  loadArtifact: (hash) => (isMissing() ? Promise.reject(new Error('away')) : control.loadArtifact(hash)),
});

const ask = (serving: Serving, world: ApiWorld, requestId: string) =>
  serving.decide({ requestId, surface: 'live-feed', unitId: 'u', features: { hour: 1 } }, world.admin);

describe('a clock that is set back by an hour', () => {
  it('hides no staleness', async () => {
    const world = await createWorld();
    const time = { wall: 10_000_000, monotonic: 0 };
    let isAway = false;
    const serving = await startReplica({
      control: {
        ...world.stores.control,
        revision: () => (isAway ? Promise.reject(new Error('away')) : world.stores.control.revision()),
      },
      clock: () => time.wall,
      stopwatch: () => time.monotonic,
    });
    const health = createHealth({
      serving,
      journal: createMemoryJournal(),
      metrics: noMetrics,
      maxStalenessMs: 60_000,
    });
    expect(health.ready()).toMatchObject({ isReady: true, stalenessMs: 0 });
    isAway = true;
    time.wall -= 3_600_000;
    time.monotonic += 60_001;
    await serving.refresh();
    expect(health.ready()).toMatchObject({ isReady: false, stalenessMs: 60_001 });
  });

  it('does not keep an artifact from being fetched again', async () => {
    const world = await createWorld();
    const time = { wall: 10_000_000, monotonic: 0 };
    let isMissing = true;
    const serving = await startReplica({
      control: withoutArtifacts(world, () => isMissing),
      clock: () => time.wall,
      stopwatch: () => time.monotonic,
    });
    expect(serving.snapshot?.isComplete).toBe(false);
    isMissing = false;
    time.wall -= 3_600_000;
    time.monotonic += 5_000;
    await serving.refresh();
    await expect.poll(() => serving.snapshot?.isComplete).toBe(true);
  });
});

it('tells an age that grows while a copy from the disk is served', async () => {
  const world = await createWorld();
  const state = await world.stores.control.load();
  const time = { monotonic: 1_000 };
  const ages: number[] = [];
  const metrics: Metrics = { ...noMetrics, controlState: ({ ageMs }) => void ages.push(ageMs) };
  const serving = await startReplica({
    control: { ...world.stores.control, revision: () => Promise.reject(new Error('away')) },
    lastGood: { save: () => Promise.resolve(), load: () => Promise.resolve({ state, artifacts: new Map() }) },
    stopwatch: () => time.monotonic,
    metrics,
  });
  time.monotonic += 90_000;
  await serving.refresh();
  expect(serving.snapshot?.source).toBe('disk');
  expect(ages).toEqual([0, 90_000]);
});

describe('while an artifact does not come', () => {
  async function withHangingArtifact() {
    const world = await createWorld();
    const known = new Set(
      (await world.stores.control.load()).surfaces.flatMap((s) => s.policies.map((p) => p.artifactHash)),
    );
    let come: () => void = () => undefined;
    const coming = new Promise<void>((resolve) => (come = resolve));
    const serving = await startReplica({
      control: {
        ...world.stores.control,
        async loadArtifact(hash) {
          if (!known.has(hash)) await coming;
          return await world.stores.control.loadArtifact(hash);
        },
      },
      replicaId: 'slow',
      deadlineMs: 60_000,
    });
    const next = await world.policy(
      (await world.services.surfaces.find('live-feed', world.admin)).surface,
      [0.9, 0.1],
    );
    const actor = { tenant: 'acme', id: 'test' };
    await world.stores.policies.setAlias('live-feed', 'champion', next, actor);
    await serving.refresh();
    running.push({ stop: () => Promise.resolve(come()) });
    running.reverse();
    return { world, serving, next, actor, come };
  }

  it('a kill and a revoked key are served', async () => {
    const { world, serving, actor } = await withHangingArtifact();
    expect(ask(serving, world, 'before').policyVersion).toBe(world.version);
    await world.stores.surfaces.setKilled('live-feed', true, actor);
    await serving.refresh();
    expect(ask(serving, world, 'after')).toMatchObject({ fallback: 'killed', action: 'none' });
  });

  it('the replica has not confirmed, and does when it is there', async () => {
    const { world, serving, next, come } = await withHangingArtifact();
    const revision = await world.stores.control.revision();
    const confirmed = async (): Promise<number | undefined> =>
      (await world.stores.control.replicas()).find(({ replica }) => replica === 'slow')?.revision;
    expect(await confirmed()).toBeLessThan(revision);
    come();
    await expect.poll(() => serving.snapshot?.isComplete).toBe(true);
    expect(ask(serving, world, 'now').policyVersion).toBe(next);
    await expect.poll(confirmed).toBe(revision);
  });
});

describe('an artifact', () => {
  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const healthOf = (serving: Serving) =>
    createHealth({ serving, journal: createMemoryJournal(), metrics: noMetrics, maxStalenessMs: 60_000 });
  const toldBy = async (world: ApiWorld, replicaId: string) =>
    (await world.stores.control.replicas()).find(({ replica }) => replica === replicaId)?.revision;

  it('that takes longer than a poll may is fetched once, and served when it is here', async () => {
    const world = await createWorld();
    let loads = 0;
    const serving = await startReplica({
      control: {
        ...world.stores.control,
        async loadArtifact(hash) {
          loads += 1;
          await sleep(300);
          return await world.stores.control.loadArtifact(hash);
        },
      },
      deadlineMs: 50,
    });
    expect(ask(serving, world, 'now')).toMatchObject({ policyVersion: world.version, fallback: null });
    expect(loads).toBe(1);
  });

  it('that does not come leaves a new process behind and not ready, until it comes', async () => {
    const world = await createWorld();
    const time = { monotonic: 0 };
    let isMissing = true;
    const serving = await startReplica({
      control: withoutArtifacts(world, () => isMissing),
      replicaId: 'new',
      stopwatch: () => time.monotonic,
    });
    expect(ask(serving, world, 'early')).toMatchObject({ action: 'none', fallback: 'safe-action' });
    expect(healthOf(serving).ready()).toMatchObject({
      isReady: false,
      reasons: [expect.stringContaining('the safe action for 1 surface')],
    });
    expect(await toldBy(world, 'new')).toBe(0);
    isMissing = false;
    time.monotonic += 5_000;
    await serving.refresh();
    await expect.poll(() => healthOf(serving).ready()).toMatchObject({ isReady: true, reasons: [] });
    await expect.poll(() => toldBy(world, 'new')).toBe(await world.stores.control.revision());
  });

  it('that does not come leaves a process that served everything behind, and ready', async () => {
    const world = await createWorld();
    let isMissing = false;
    const serving = await startReplica({
      control: withoutArtifacts(world, () => isMissing),
      replicaId: 'old',
    });
    const before = await world.stores.control.revision();
    expect(await toldBy(world, 'old')).toBe(before);
    isMissing = true;
    const other = await world.declare(undefined, 'other-feed');
    for (const [name, surface] of [
      ['other-feed', other],
      ['live-feed', (await world.services.surfaces.find('live-feed', world.admin)).surface],
    ] as const) {
      const version = await world.policy(surface, [0.9, 0.1], 'next');
      await world.stores.policies.setAlias(name, 'champion', version, { tenant: 'acme', id: 'test' });
    }
    await serving.refresh();
    const revision = await world.stores.control.revision();
    expect(serving.snapshot).toMatchObject({ revision, isComplete: false });
    expect(await toldBy(world, 'old')).toBeLessThan(revision);
    expect(ask(serving, world, 'still')).toMatchObject({
      policyVersion: world.version,
      fallback: 'last-good-champion',
    });
    expect(healthOf(serving).ready()).toMatchObject({ isReady: true, reasons: [] });
  });

  it('that is refused is not waited for', async () => {
    const world = await createWorld();
    const serving = await startReplica({
      control: { ...world.stores.control, loadArtifact: () => Promise.resolve(Uint8Array.of(1)) },
      replicaId: 'refuses',
    });
    expect(ask(serving, world, 'now').fallback).toBe('safe-action');
    expect(healthOf(serving).ready()).toMatchObject({ isReady: true, reasons: [] });
    await expect.poll(() => toldBy(world, 'refuses')).toBe(await world.stores.control.revision());
  });

  it('that still comes holds no stop', async () => {
    const world = await createWorld();
    const serving = await startReplica({
      control: {
        ...world.stores.control,
        loadArtifact: async (hash) => (await sleep(700), world.stores.control.loadArtifact(hash)),
      },
      replicaId: 'stops',
      deadlineMs: 50,
    });
    const version = await world.policy(
      (await world.services.surfaces.find('live-feed', world.admin)).surface,
      [0.9, 0.1],
    );
    await world.stores.policies.setAlias('live-feed', 'champion', version, { tenant: 'acme', id: 'test' });
    await serving.refresh();
    const { revision } = serving.snapshot ?? {};
    expect(await toldBy(world, 'stops')).toBeLessThan(revision ?? 0);
    await serving.stop();
    await sleep(400);
    expect(await toldBy(world, 'stops')).toBeUndefined();
    expect(serving.snapshot?.isComplete).toBe(false);
  });
});

it.each([0, 1, 2, 3, 4, 5])(
  'a refresh asked for %i steps after the last look of a poll still reads the store',
  async (depth) => {
    const world = await createWorld();
    let tellAsked: (refreshed: Promise<void>) => void;
    const refreshed = new Promise<void>((resolve) => (tellAsked = resolve));
    let isArmed = false;
    const serving: Serving = await startReplica({
      control: world.stores.control,
      metrics: {
        ...noMetrics,
        controlState() {
          if (!isArmed) return;
          isArmed = false;
          let left = depth;
          const step = (): void => {
            if (left-- > 0) return void queueMicrotask(step);
            void world.stores.surfaces.setKilled('live-feed', true, { tenant: 'acme', id: 'test' });
            tellAsked(serving.refresh());
          };
          step();
        },
      },
    });
    isArmed = true;
    await serving.refresh();
    await refreshed;
    expect(serving.snapshot?.revision).toBe(await world.stores.control.revision());
  },
);

describe('two replicas', () => {
  it('are both told of by a change that both have applied; one that is away is behind; one that stopped is gone', async () => {
    const world = await createWorld();
    await world.stop();
    let isAway = false;
    const { control } = world.stores;
    const reader = (): ControlReader => ({
      ...control,
      revision: () => (isAway ? Promise.reject(new Error('away')) : control.revision()),
    });
    const a = await startReplica({ control, replicaId: 'a' });
    const b = await startReplica({ control: reader(), replicaId: 'b' });
    const kill = (isKilled: boolean) =>
      world.stores.surfaces.setKilled('live-feed', isKilled, { tenant: 'acme', id: 'test' });
    await kill(true);
    await a.refresh();
    const revision = await control.revision();
    const all = {
      confirmed: [
        { replica: 'a', revision },
        { replica: 'b', revision },
      ],
      behind: [],
    };
    expect(await a.confirmations()).toEqual({ servedRevision: revision, ...all });
    isAway = true;
    await kill(false);
    await a.refresh();
    expect(await confirmationsOf(control, { boundMs: 0 })).toEqual({
      confirmed: [{ replica: 'a', revision: revision + 1 }],
      behind: [{ replica: 'b', revision }],
    });
    await b.stop();
    expect((await a.confirmations()).behind).toEqual([]);
  });

  it('are behind when the process that made the change could not read it, that process too', async () => {
    const world = await createWorld();
    await world.stop();
    let isAway = false;
    const { control } = world.stores;
    const reader = { ...control, load: () => (isAway ? Promise.reject(new Error('away')) : control.load()) };
    const serving = await startReplica({ control: reader, replicaId: 'a' });
    const revision = await control.revision();
    isAway = true;
    await world.stores.surfaces.setKilled('live-feed', true, { tenant: 'acme', id: 'test' });
    await serving.refresh();
    expect(await serving.confirmations()).toEqual({
      servedRevision: revision,
      confirmed: [],
      behind: [{ replica: 'a', revision }],
    });
  });

  it('are not known while the store does not say what it holds', async () => {
    const world = await createWorld();
    const control = { ...world.stores.control, revision: () => Promise.reject(new Error('away')) };
    expect(await confirmationsOf(control, { boundMs: 0 })).toEqual({ confirmed: null, behind: null });
  });

  it('say again that they live when nothing has changed', async () => {
    const world = await createWorld();
    const time = { monotonic: 0 };
    let beats = 0;
    const control: ControlReader = {
      ...world.stores.control,
      confirm: (replica, revision) => {
        beats += 1;
        return world.stores.control.confirm(replica, revision);
      },
    };
    const serving = await startReplica({ control, stopwatch: () => time.monotonic });
    await serving.refresh();
    expect(beats).toBe(1);
    time.monotonic += 10_000;
    await serving.refresh();
    expect(beats).toBe(2);
  });
});
