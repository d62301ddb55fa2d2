import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSnapshot } from '../../offline/dataset/snapshot.ts';
import { isRefusal } from '../../src/core/ope/report.ts';
import { encodeArtifact } from '../../src/core/policy/codec.ts';
import { fixedPolicyArtifact } from '../../src/core/policy/policy.ts';
import { makeRecords, readerOf, worldEnd, worldSurface } from './learning-world.ts';
import { allotHere, resultOf } from './ope-command-runner.ts';

let folder = '';
let snapshot = '';
let artifact = '';
let other = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'allot-ope-snapshot-'));
  snapshot = join(folder, 'snapshot');
  const reader = readerOf(makeRecords({ units: 400, perUnit: 4, seed: 3 }));
  await writeSnapshot({
    ...{ reader, tenant: 'default', surface: worldSurface, from: 0, until: worldEnd },
    directory: snapshot,
  });
  [artifact, other] = [0.7, 0.4].map((share) => {
    const file = join(folder, `${share}.artifact`);
    writeFileSync(file, encodeArtifact(fixedPolicyArtifact(worldSurface, [1 - share, share])));
    return file;
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('allot ope on a snapshot', () => {
  it('needs only a policy: columns, units, responses and models are known, hashes stand in the answer', async () => {
    const answer = await allotHere(snapshot, '--policy', artifact, '--json');
    expect(answer).toMatchObject({ code: 0, err: '' });
    const { log, source, estimates, health } = resultOf(answer);
    expect(log).toEqual({ rounds: 1600, units: 400 });
    expect(source).toMatchObject({ kind: 'snapshot', hasUnits: true, behaviorVersions: ['world@1'] });
    expect(source.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(source.artifactSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(estimates.map((e) => `${e.response}/${e.estimator}`)).size).toBe(12);
    expect(estimates.some(isRefusal)).toBe(false);
    expect(Math.abs(health.meanWeight - 1)).toBeLessThan(0.1);
  });

  it('knows the ranges of its responses and the largest weight that its floor allows: bounds need no flag', async () => {
    const args = ['--policy', artifact, '--reward', 'like', '--estimators', 'ips'];
    const answer = await allotHere(snapshot, ...args, '--intervals', 'hcope,empirical-bernstein', '--json');
    const [estimate] = resultOf(answer).estimates;
    if (isRefusal(estimate)) throw new Error(estimate.refusal.reason);
    expect(estimate.intervals.map(({ method }) => method)).toEqual(['hcope', 'empirical-bernstein']);
  });

  it('compares with another artifact, by the surface’s own groups and by a feature', async () => {
    const answer = await allotHere(
      ...[snapshot, '--policy', artifact, '--paired-with', other, '--reward', 'watch', '--json'],
      ...['--estimators', 'snips', '--group', 'activeDays', '--segment', 'device'],
    );
    expect(answer).toMatchObject({ code: 0, err: '' });
    const { differences, groups = [] } = resultOf(answer);
    expect(differences?.against).toBe(other);
    expect(differences?.estimates.some(isRefusal)).toBe(false);
    const labels = (kind: string) => groups.filter((g) => g.kind === kind).map((g) => g.label);
    expect(labels('segment').sort()).toEqual(['phone', 'tablet', 'tv']);
    for (const label of labels('group')) expect(worldSurface.groups?.names).toContain(label);
  });

  it('values sessions with Q(s, a) fitted under the policy, and against the log', async () => {
    const answer = await allotHere(
      ...[snapshot, '--policy', artifact, '--reward', 'watch', '--paired-with', 'behavior', '--json'],
      ...['--estimators', 'snips,pdis,wdr,fqe', '--discount', '0.9'],
    );
    expect(answer.err).toBe('');
    const { estimates, log, differences } = resultOf(answer);
    expect(log.sessions).toBeGreaterThan(0);
    const fqe = estimates.find(({ estimator }) => estimator === 'fqe');
    expect(fqe !== undefined && isRefusal(fqe)).toBe(false);
    expect(differences?.estimates).toHaveLength(4);
  });

  it.each([
    ['no policy', [], '--policy: a snapshot needs --policy'],
    ['a column', ['--policy', 'x', '--unit', 'user'], '--unit: a snapshot knows its columns'],
    [
      'a feature that there is not',
      ['--policy', 'ARTIFACT', '--segment', 'country'],
      'country is not a categorical or boolean feature',
    ],
    ['a file that is no artifact', ['--policy', 'MANIFEST'], 'artifact'],
  ])('ends with 2 for %s', async (_, flags, message) => {
    const named = flags.map((f) =>
      f === 'ARTIFACT' ? artifact : f === 'MANIFEST' ? join(snapshot, 'manifest.json') : f,
    );
    const answer = await allotHere(snapshot, ...named);
    expect(answer).toMatchObject({ code: 2, out: '' });
    expect(answer.err).toContain(message);
  });
});
