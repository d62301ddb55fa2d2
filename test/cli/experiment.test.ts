import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { noShadowScore } from '../../src/core/experiment/shadow-score.ts';
import { encodeArtifact } from '../../src/core/policy/codec.ts';
import { fixedPolicyArtifact } from '../../src/core/policy/policy.ts';
import { createPostgresStores } from '../../src/postgres/stores.ts';
import type { AllStores } from '../../src/service/ports/all-stores.ts';
import { createKey } from '../../src/service/registry/api-keys.ts';
import { artifactHashOf } from '../../src/service/serving/policy-loader.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { experimentSurface as surface, experimentTraffic } from '../support/experiment-traffic.ts';
import { runCommand, type Ran } from './support/in-process.ts';

const actor = { tenant: 'default', id: 'test' };
const folder = mkdtempSync(join(tmpdir(), 'allot-experiment-'));
const YESTERDAY = Date.now() - 86_400_000;
let database: TestDatabase;
let stores: AllStores;
beforeAll(async () => {
  database = await createTestDatabase();
  stores = createPostgresStores(database.pool);
  vi.stubEnv('DATABASE_URL', database.url);
  await stores.surfaces.declare(surface, actor);
  for (const p of [0.9, 0.5]) {
    const artifact = fixedPolicyArtifact(surface, [p, 1 - p]);
    const bytes = encodeArtifact(artifact);
    const policy = { surface: surface.name, header: artifact.header, bytes, hash: artifactHashOf(bytes) };
    await stores.policies.publish(policy, actor);
  }
  await stores.policies.setAlias(surface.name, 'champion', 'live-feed@1', actor);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

const declared = (name: string, more: Readonly<Record<string, unknown>> = {}) => ({
  surface: surface.name,
  name,
  variants: [
    { name: 'control', role: 'control', alias: 'champion' },
    { name: 'treatment', role: 'treatment', policyVersion: 'live-feed@2' },
  ],
  ...more,
});

function file(content: unknown): string {
  const path = join(folder, `${String(files++)}.yaml`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}
let files = 0;

const allot = (...words: string[]): Promise<Ran> => runCommand('experiment', ...words);

/** What a command prints with `--json`; it must have worked, and said nothing else. */
async function answerOf(...words: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await allot(...words, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Record<string, unknown>;
}

async function create(name: string, more: Readonly<Record<string, unknown>> = {}) {
  return await answerOf('create', file(declared(name, more)));
}

const decide = (name: string) =>
  stores.experiments.transition(
    name,
    { from: ['running'], to: 'decided', decision: { verdict: 'pass', at: Date.now(), reason: 'proven' } },
    actor,
  );

const actionsOn = async (subject: string) => {
  const trail = await stores.audit.list('default', 1000);
  return trail
    .filter((entry) => entry.subject === subject)
    .map(({ actor: by, action, reason }) => ({ by, action, reason }));
};

describe('allot experiment', () => {
  it('creates, starts, widens, pauses, resumes and stops, and notes who and why', async () => {
    const yaml = `surface: live-feed
name: by-hand
trafficShare: 0.1
variants:
  - { name: control, role: control, alias: champion }
  - { name: treatment, role: treatment, policyVersion: live-feed@2 }
`;
    expect(await answerOf('create', file(yaml))).toMatchObject({ id: 'by-hand', state: 'draft' });
    expect(await answerOf('start', 'by-hand')).toMatchObject({
      state: 'running',
      blocks: [{ index: 0, fromBucket: 0, toBucket: 1000 }],
      variants: [{ policyVersion: 'live-feed@1', alias: 'champion' }, { policyVersion: 'live-feed@2' }],
    });
    const wider = await answerOf('start', 'by-hand', '--share', '0.2');
    expect(wider['blocks']).toMatchObject([{ toBucket: 1000 }, { fromBucket: 1000, toBucket: 2000 }]);
    expect(await answerOf('pause', 'by-hand', '--reason', 'a holiday')).toMatchObject({ state: 'paused' });
    expect(await answerOf('start', 'by-hand')).toMatchObject({ state: 'running', blocks: wider['blocks'] });
    expect(await answerOf('stop', 'by-hand')).toMatchObject({ state: 'stopped' });
    const trail = await actionsOn('by-hand');
    expect(trail.map(({ by }) => by)).toEqual(new Array(trail.length).fill('cli'));
    expect(trail.map(({ action }) => action.replace('experiment.', ''))).toEqual([
      ...new Array(5).fill('transition'),
      'create',
    ]);
    expect(trail[2].reason).toBe('a holiday');
  });

  it('shows one experiment, and all of a surface', async () => {
    await create('shown', { ramp: 'default', holdoutShare: 0.02 });
    const status = await allot('status', 'shown');
    expect(status.stdout).toContain('shown on live-feed: draft');
    expect(status.stdout).toContain('ramp       1.0 % → 5.0 % → 10.0 % → 25.0 % → 50.0 %');
    expect(status.stdout).toContain('looks stored: 0');
    expect(Object.keys(await answerOf('status', 'shown'))).toEqual(['experiment', 'looks', 'newest']);
    const { experiments } = (await answerOf('status', '--surface', 'live-feed')) as {
      experiments: { id: string }[];
    };
    expect(experiments.map(({ id }) => id)).toContain('shown');
    expect((await allot('status')).stdout).toMatch(/^shown +live-feed +draft +1\.0 %/m);
    expect((await allot('status', '--surface', 'other')).stdout).toContain('no experiments on other yet');
  });

  it('looks now, stores the look, and says what the controller would do', async () => {
    await create('looked', { minUnits: 10 });
    await answerOf('start', 'looked');
    const traffic = { tenant: 'default', experiment: 'looked', units: 40, startAt: YESTERDAY, treated: 0.5 };
    await stores.events.write({ events: experimentTraffic(traffic), deadLetters: [] });
    await database.pool.query(`update decisions set stored_at = stored_at - interval '1 minute'`);
    const { looks, action } = (await answerOf('look', 'looked')) as {
      looks: { units: Record<string, number>; byMetric: { name: string; role: string; state: string }[] }[];
      action: { kind: string; reason: string };
    };
    expect(looks).toHaveLength(1);
    expect(looks[0]).toMatchObject({ treatment: 'treatment', units: { control: 20, treatment: 20 } });
    expect(looks[0].byMetric[0]).toMatchObject({ name: 'watch_seconds', role: 'main' });
    expect(['wait', 'roll-back', 'decide']).toContain(action.kind);
    const text = (await allot('look', 'looked')).stdout;
    expect(text).toContain('closed units: control 20, treatment 20');
    expect(text).toMatch(/^next: /m);
    expect(await answerOf('status', 'looked')).toMatchObject({ looks: 2, newest: { control: 'control' } });
    // A look changes nothing: whoever acts is the controller.
    expect(await answerOf('status', 'looked')).toMatchObject({ experiment: { state: 'running' } });
  });

  it('revises what moves nobody, and refuses what would', async () => {
    await create('revised');
    await answerOf('start', 'revised');
    const again = await answerOf('revise', file(declared('revised', { confirmationShare: 0.1 })));
    expect(again).toMatchObject({ state: 'running', plan: { confirmationShare: 0.1 } });
    const moving = await allot('revise', file(declared('revised', { holdoutShare: 0.1 })));
    expect(moving).toMatchObject({ code: 1, stdout: '' });
    expect(moving.stderr).toContain(
      'changing holdoutShare would move units to another side [state_conflict]',
    );
    const nameless = await allot('revise', file({ surface: 'live-feed' }));
    expect(nameless).toMatchObject({ code: 2, stdout: '' });
    expect(nameless.stderr).toContain('name: must be the experiment to revise');
  });

  it('needs a second key where that was declared, and never the same one', async () => {
    const { record: other } = createKey({ tenant: 'default', role: 'admin' });
    await stores.keys.add(other);
    await create('agreed', { isApprovalNeeded: true, trafficShare: 0.1 });
    const alone = await allot('start', 'agreed');
    expect(alone).toMatchObject({ code: 1, stdout: '' });
    expect(alone.stderr).toContain("needs a second key's approval to start");
    expect((await allot('approve', 'agreed', '--as', 'nobody')).stderr).toContain('there is no key nobody');
    expect(await answerOf('approve', 'agreed', '--as', other.id)).toMatchObject({
      approvals: [{ by: other.id, purpose: 'start' }],
    });
    expect(await answerOf('start', 'agreed')).toMatchObject({ state: 'running' });
    const wider = ['start', 'agreed', '--share', '0.4'];
    expect((await allot(...wider)).stderr).toContain("needs a second key's approval to widen to 0.4");
    const both = await allot('approve', 'agreed', '--as', other.id, '--widen', '0.4', '--promote');
    expect(both).toMatchObject({ code: 2, stdout: '' });
    await answerOf('approve', 'agreed', '--as', other.id, '--widen', '0.4');
    expect(await answerOf(...wider)).toMatchObject({ blocks: [{ toBucket: 1000 }, { toBucket: 4000 }] });
    await decide('agreed');
    expect((await allot('promote', 'agreed')).stderr).toContain('approval to promote');
    await answerOf('approve', 'agreed', '--as', other.id, '--promote');
    expect(await answerOf('promote', 'agreed')).toMatchObject({ state: 'stopped' });
    expect(await stores.policies.aliases('default', surface.name)).toMatchObject({ champion: 'live-feed@2' });
    await stores.policies.setAlias(surface.name, 'champion', 'live-feed@1', actor);
  });

  it('promotes a named treatment of a decided experiment, and no other', async () => {
    const third = { name: 'third', role: 'treatment', policyVersion: 'live-feed@2' };
    await create('many', { variants: [...declared('many').variants, third] });
    await answerOf('start', 'many');
    expect((await allot('promote', 'many', '--variant', 'third')).stderr).toContain('must be decided');
    await decide('many');
    const open = await allot('promote', 'many');
    expect(open).toMatchObject({ code: 2, stdout: '' });
    expect(open.stderr).toContain('variant: must be one of treatment, third');
    expect(await answerOf('promote', 'many', '--variant', 'third')).toMatchObject({ state: 'stopped' });
    await stores.policies.setAlias(surface.name, 'champion', 'live-feed@1', actor);
  });

  it('rolls back, and then refuses every further step with the state it is in', async () => {
    await create('bad');
    await answerOf('start', 'bad');
    expect(await answerOf('rollback', 'bad', '--reason', 'hides are up')).toMatchObject({
      state: 'rolled-back',
    });
    for (const step of ['start', 'pause', 'stop', 'rollback']) {
      const refused = await allot(step, 'bad');
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toContain('experiment bad is rolled-back; it must be');
    }
  });

  it('says which field broke which rule and what was sent, with exit code 2', async () => {
    const metrics = [
      { name: 'w', role: 'main', source: { response: 'wach' }, rule: { kind: 'improve', better: 'higher' } },
    ];
    const control = declared('x').variants[0];
    const refusals = [
      [declared('x', { metrics }), 'metrics[0].source.response: must be a response of the surface', '"wach"'],
      [declared('x', { level: 95, trafic: 1 }), 'level: must be', 'trafic: is not a known field (got 1)'],
      [declared('x', { variants: [control, control] }), 'variants: must have different names', 'one control'],
      [declared('x', { ramp: 'default', trafficShare: 0.5 }), 'trafficShare: must not be given', '0.5'],
      ['surface: a: b', 'neither YAML nor JSON', 'line 1'],
    ] as const;
    for (const [content, ...said] of refusals) {
      const { code, stdout, stderr } = await allot('create', file(content));
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      for (const text of said) expect(stderr).toContain(text);
    }
    expect((await allot('create', join(folder, 'nope.yaml'))).stderr).toContain('nope.yaml cannot be read');
    const wide = await allot('start', 'shown', '--share', '7');
    expect(wide).toMatchObject({ code: 2, stdout: '' });
    expect(wide.stderr).toContain("argument '7' is invalid. It must be above 0 and at most 1.");
  });

  it('names the experiment that there is not, whatever is asked of it', async () => {
    for (const words of [['status'], ['start'], ['pause'], ['stop'], ['rollback'], ['look'], ['promote']]) {
      const { code, stderr } = await allot(...words, 'e9');
      expect({ words, code }).toEqual({ words, code: 2 });
      expect(stderr).toContain('there is no experiment e9; `allot experiment status` lists them');
    }
  });

  it('shows forecasts beside measurements, and what shadows would have done', async () => {
    expect((await allot('forecasts')).stdout).toContain('no forecast has been measured yet');
    expect((await allot('shadows')).stdout).toContain('nothing scored yet');
    const offline = { value: 1, lower: 0.5, upper: 1.5 };
    const online = { value: 1.1, lower: 0.2, upper: 2, standardError: 0.2 };
    const forecast = { policyVersion: 'live-feed@2', response: 'watch_seconds', estimand: 'per-decision' };
    await stores.forecasts.save(surface.name, { ...forecast, offline, online }, actor);
    expect(await answerOf('forecasts', '--surface', surface.name)).toMatchObject({
      level: 0.95,
      coverage: 1,
      forecasts: [{ ...forecast, offline, online, calibration: { isCovered: true }, coverageSoFar: 1 }],
    });
    expect((await allot('forecasts')).stdout).toContain('100.0 % agree at level 0.95');
    const score = { ...noShadowScore, decisions: 10, sameAction: 9, overlap: 8, candidateActing: 4 };
    const day = { surface: surface.name, policyVersion: 'live-feed@2', day: '2026-01-10', score };
    await stores.shadows.add('default', day, { from: null, until: 1 });
    expect(await answerOf('shadows')).toMatchObject({
      shadows: [{ policyVersion: 'live-feed@2', total: { decisions: 10, agreement: 0.9, overlap: 0.8 } }],
    });
    expect((await allot('shadows')).stdout).toMatch(/live-feed@2 +live-feed +10 +90\.0 % +80\.0 %/);
  });
});

describe('allot experiment selection', () => {
  interface Selection {
    readonly of: string;
    readonly candidates: number;
    readonly refused: number;
    readonly portfolios: readonly { k: number; names: string[]; regret: number; sharpeRatio: number }[];
  }
  const selectionsOf = async (...words: string[]) =>
    (await answerOf('selection', ...words))['selections'] as readonly Selection[];

  it('says how well estimates choose among candidates whose truth is known, without a database', async () => {
    vi.stubEnv('DATABASE_URL', 'postgres://nobody@127.0.0.1:9/none');
    const candidates = [
      { name: 'a', estimate: 4, truth: 3 },
      { name: 'b', estimate: 3, truth: 5 },
      { name: 'c', estimate: 2, bound: 1.5, truth: 1 },
      { name: 'd', estimate: null, truth: 4 },
    ];
    const world = file({ of: 'a world', behavior: 2, candidates });
    const [found] = await selectionsOf(world);
    // Squared errors 1, 4, 1. Ranks (3, 2, 1) against (2, 3, 1). Of the safe a, b, d the refused d is held back.
    expect(found).toMatchObject({ of: 'a world', candidates: 4, refused: 1, meanSquaredError: 2 });
    expect(found).toMatchObject({ rankCorrelation: 0.5, typeIErrorRate: 1 / 3, typeIIErrorRate: 0 });
    expect(found.portfolios.map(({ regret }) => regret)).toEqual([2, 0, 0]);
    // Deployed with μ = 2: {3, 2}, {3, 5, 2}, {3, 5, 1, 2}; variances 1/4, 14/9, 35/16.
    const ratios = [1 / 0.5, 3 / (Math.sqrt(14) / 3), 3 / (Math.sqrt(35) / 4)];
    found.portfolios.forEach(({ sharpeRatio }, i) => expect(sharpeRatio).toBeCloseTo(ratios[i], 12));
    const { stdout } = await allot('selection', world, '--top', '2');
    expect(stdout).toContain('rank correlation 0.5000, mean squared error 2.000, safe ones held back 33.3 %');
    expect(stdout).toMatch(/^2 +a b +0\.000 +5\.000 +3\.000 +2\.405 +0\.0 %$/m);
    vi.stubEnv('DATABASE_URL', database.url);
  });

  it('takes the versions that were forecast and then measured, by what was asked of them', async () => {
    const interval = (value: number) => ({ value, lower: value - 0.15, upper: value + 0.15 });
    const measured = [
      ['live-feed@11', 0.3, 0.1],
      ['live-feed@12', 0.2, 0.4],
      ['live-feed@13', 0.1, -0.2],
    ] as const;
    for (const [policyVersion, offline, online] of measured)
      await stores.forecasts.save(
        surface.name,
        {
          ...{ policyVersion, response: 'selected', estimand: 'per-decision' },
          ...{ offline: interval(offline), online: interval(online) },
        },
        actor,
      );
    const all = await selectionsOf('--surface', surface.name);
    const found = all.find(({ of }) => of === 'live-feed, selected, per-decision');
    // The lower end of 0.1 is below 0: the one that turned out worse than control was not judged safe.
    expect(found).toMatchObject({ candidates: 3, behavior: 0, threshold: 0, rankCorrelation: 0.5 });
    expect(found).toMatchObject({ typeIErrorRate: 0, typeIIErrorRate: 0 });
    expect(found!.portfolios[0]).toMatchObject({ k: 1, names: ['live-feed@11'] });
    expect(found!.portfolios[0].regret).toBeCloseTo(0.3, 12);
    expect(found!.portfolios[1].regret).toBe(0);
    expect(await selectionsOf('--surface', 'elsewhere')).toEqual([]);
    expect((await allot('selection', '--surface', 'elsewhere')).stdout).toContain(
      'no forecast has been measured',
    );
  });

  it.each([
    [{ behavior: 1, candidates: [] }, 'candidates: must be at least 1 long'],
    [{ candidates: [{ name: 'a', estimate: 1, truth: 1 }] }, 'behavior: is required'],
    [
      { behavior: 1, candidates: [{ name: 'a', estimate: 'x', truth: 1 }] },
      'candidates[0].estimate: must be',
    ],
  ])('refuses a file without what it needs: %j', async (content, said) => {
    const { code, stdout, stderr } = await allot('selection', file(content));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(said);
  });
});

describe('allot experiment plan', () => {
  it(
    'answers units for an effect, or an effect for units, without a database',
    { timeout: 90_000 },
    async () => {
      vi.stubEnv('DATABASE_URL', 'postgres://nobody@127.0.0.1:9/none');
      const flags = ['plan', '--mean', '28', '--sd', '45'];
      const { units, days } = (await answerOf(...flags, '--effect', '0.5', '--units-per-day', '20000')) as {
        units: { fixed: { units: number }; sequential: { units: number; expectedUnits: number } };
        days: { fixed: { atMost: number } };
      };
      // Two arms of even size, 5 % and 80 %: n = 4 (1.95996 + 0.84162)² σ²/δ².
      expect(units.fixed.units).toBe(Math.ceil((4 * 2.801585218 ** 2 * 45 ** 2) / 0.25));
      expect(units.sequential.units).toBeGreaterThan(units.fixed.units);
      expect(days.fixed.atMost).toBeCloseTo(units.fixed.units / 10_000, 9);
      const { effect } = (await answerOf(...flags, '--units', String(units.fixed.units))) as {
        effect: { fixed: number };
      };
      expect(effect.fixed).toBeCloseTo(0.5, 5);
      expect((await allot(...flags, '--effect', '0.5')).stdout).toContain('looking all the time');
      vi.stubEnv('DATABASE_URL', database.url);
    },
  );

  it.each([
    [['--effect', '1'], '--sd: must be given'],
    [['--sd', '1'], '--effect, --units: one of the two must be given'],
    [['--sd', '1', '--effect', '1', '--units', '9'], '--effect, --units: one of the two must be given'],
    [['--sd', '1', '--effect', '0'], '--effect: must not be 0 (sent: 0)'],
    [['--sd', 'x', '--effect', '1'], "argument 'x' is invalid. It must be a number above 0."],
    [['--sd', '1', '--effect', '1', '--units-per-day', '-3'], "argument '-3' is invalid"],
    [['--sd', '1', '--effect', '1', '--alpha', '0.3', '--power', '0.2'], '--power: must be above alpha'],
  ])('refuses what has no answer: %s', async (flags, said) => {
    const { code, stdout, stderr } = await allot('plan', ...flags);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(said);
  });

  it('shows the file where a file is asked for', async () => {
    for (const command of ['create', 'revise']) {
      const { code, stdout } = await allot(command, '--help');
      expect(code).toBe(0);
      expect(stdout).toContain('name: tscac-vs-champion');
    }
    expect((await allot('--help')).stdout).toContain('Exit codes: 0 done');
  });
});
