import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDataset } from '../../../offline/dataset/load.ts';
import type { Dataset } from '../../../offline/dataset/dataset.ts';
import { writeSnapshot } from '../../../offline/dataset/snapshot.ts';
import { evaluatePolicy, type EvaluationRequest } from '../../../offline/evaluation/evaluate-policy.ts';
import { groupingsOf } from '../../../offline/evaluation/groupings.ts';
import { evaluationReport } from '../../../offline/reports/evaluation-report.ts';
import { fixedPolicyArtifact } from '../../../src/core/policy/policy.ts';
import type { Surface } from '../../../src/core/surface/surface.ts';
import { makeRecords, readerOf, worldEnd, worldSurface } from '../learning-world.ts';

const surface: Surface = {
  ...worldSurface,
  constraints: [
    { name: 'few hides', on: { response: 'hide' }, direction: 'at-most', threshold: 0.05 },
    { name: 'not too many', on: 'share-of-actions', direction: 'at-most', threshold: 0.5 },
    { name: 'some watch', on: { response: 'watch' }, direction: 'at-least', threshold: 10 },
  ],
};
const folder = mkdtempSync(join(tmpdir(), 'allot-report-'));
let dataset: Dataset;

beforeAll(async () => {
  const reader = readerOf(makeRecords({ units: 600, perUnit: 4, seed: 12 }));
  await writeSnapshot({ reader, tenant: 'default', surface, from: 0, until: worldEnd, directory: folder });
  dataset = await loadDataset(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const evaluate = (changes: Partial<EvaluationRequest> = {}) =>
  evaluatePolicy({
    dataset,
    candidate: {
      version: 'world@<2>',
      hash: 'a'.repeat(64),
      artifact: fixedPolicyArtifact(surface, [0.4, 0.6]),
    },
    champion: null,
    behaviorVersions: null,
    resamples: 200,
    seed: 1,
    clip: null,
    candidatesOnSlice: 1,
    ...changes,
  });

describe('an evaluation', () => {
  it('values every activity group and the segments that are asked for', () => {
    const { groups, report } = evaluate({ segments: ['device', 'isNew'] });
    const names = [...new Set(groups.map(({ grouping, label }) => `${grouping} ${label}`))];
    expect(names).toEqual([
      'group low',
      'group mid',
      'group high',
      'device phone',
      'device tablet',
      'device tv',
      'isNew false',
      'isNew true',
    ]);
    const rounds = (grouping: string): number =>
      groups.filter((g) => g.grouping === grouping).reduce((sum, g) => sum + g.report.log.rounds, 0);
    expect([rounds('group'), rounds('device'), rounds('isNew')]).toEqual(
      new Array(3).fill(report.log.rounds),
    );
  });

  it('refuses a segment that is not a category', () => {
    expect(() => groupingsOf(dataset, surface, ['interest'])).toThrow(/not a categorical or boolean feature/);
  });

  it('makes a segment of its own of what was not known', () => {
    const defaulted = dataset.defaulted.map((_, row) => (row === 0 ? ['device'] : []));
    const [, device] = groupingsOf({ ...dataset, defaulted }, surface, ['device']);
    expect(device.labels?.[device.index[0]]).toBe('unknown');
  });

  it('bounds every constraint on both sides, in the states that the gate has', () => {
    const { constraints, gate } = evaluate();
    expect(constraints.map(({ name, isExact }) => [name, isExact])).toEqual([
      ['few hides', false],
      ['not too many', true],
      ['some watch', false],
    ]);
    const states = { satisfied: 'holds', violated: 'violated', undecided: 'undecided' } as const;
    for (const { name, state } of constraints) {
      const line = gate.lines.find((candidate) => candidate.name === `constraint: ${name}`);
      expect(line?.state, name).toBe(states[state]);
    }
    const hides = constraints[0].bounds;
    expect(gate.lines.find(({ name }) => name === 'constraint: few hides')?.bound).toBeOneOf([
      hides?.upper,
      hides?.lower,
    ]);
    // 0.6 before the floor of 5 %.
    expect(constraints[1]).toMatchObject({ state: 'violated' });
    expect(constraints[1].bounds?.lower).toBeCloseTo(0.95 * 0.6 + 0.025, 6);
  });

  it('describes the weights, and knows nothing of them where they mean nothing', () => {
    expect(evaluate().weights?.rows).toBe(2400);
    const forced = { ...dataset, isForced: new Uint8Array(dataset.rows).fill(1) };
    expect(evaluate({ dataset: forced })).toMatchObject({ weights: null, agreement: [] });
  });
});

describe('the report of an evaluation', () => {
  it('leads with the verdict, then lines, constraints against thresholds, and the rest', () => {
    const text = evaluationReport(evaluate({ segments: ['device'] }));
    const order = [
      'class="verdict refuse"',
      'Violated: constraint: not too many',
      'watch under the valued policy is about',
      '>Lines of the gate</h2>',
      '>Constraints</h2>',
      '≤ 0.05',
      '>watch</h2>',
      '>Difference to the logging policy</h2>',
      'watch by device</h3>',
      '>Do the estimators agree?</h2>',
      '>Can the log answer this?</h2>',
      'share of actions',
      '>The words in this report</h2>',
      '>Lineage</h2>',
      dataset.manifest.contentHash,
    ].map((part) => [part, text.indexOf(part)] as const);
    for (const [part, at] of order) expect(at, part).toBeGreaterThan(0);
    const places = order.map(([, at]) => at);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it('quotes the estimator that the gate decides by', () => {
    const verdict = evaluationReport(evaluate()).split('<h2>')[0];
    expect(verdict).toContain(`, ${surface.gate.estimator})`);
    expect(verdict).not.toContain(', dr)');
  });

  it('escapes, and needs neither script nor network', () => {
    const text = evaluationReport(evaluate());
    expect(text).toContain('world@&lt;2&gt;');
    expect(text).not.toMatch(/world@<2>|<script|<link|<img|url\((?!#)|https?:\/\/(?!www\.w3\.org)/);
  });
});
