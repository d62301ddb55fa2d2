import { beforeAll, describe, expect, it } from 'vitest';
import { estimatorAgreement } from '../../../offline/evaluation/estimator-agreement.ts';
import { weightHistogram } from '../../../offline/evaluation/weight-histogram.ts';
import { opeReport, type OpeReportHeader } from '../../../offline/reports/ope-report.ts';
import { groupViews, headlineOf } from '../../../offline/reports/view.ts';
import { evaluateByGroup } from '../../../src/core/ope/by-group.ts';
import { pairedDifference } from '../../../src/core/ope/difference.ts';
import { estimatesIn, evaluateLog } from '../../../src/core/ope/evaluate-log.ts';
import { plan } from '../../../src/core/ope/plan.ts';
import { meanByAction } from '../../../src/core/ope/self-test/mean-by-action.ts';
import { selfTest } from '../../../src/core/ope/self-test/self-test.ts';
import { importanceWeights } from '../../../src/core/ope/weights.ts';
import { contextualLog } from '../../core/ope-self-test/world.ts';

const { log, policy } = contextualLog(900, 5);
const rewardModels = new Map(
  ['watch', 'like'].map((response) => {
    const rows = Int32Array.from(log.actions.keys());
    return [response, meanByAction({ log, policy, rows }, response) ?? new Float64Array(0)] as const;
  }),
);
const options = { level: 0.9, resamples: 100, seed: 1, rewardModels };
const header: OpeReportHeader = {
  source: 'log<1>.csv',
  policy: 'pi_0 … pi_1',
  hasUnits: true,
  level: 0.9,
  resamples: 100,
  seed: 1,
  changedLimits: { minEvents: 5 },
  lineage: [['log (SHA-256)', 'ab12']],
};

describe('the report of allot ope', () => {
  let text: string;

  beforeAll(() => {
    const groupings = [{ name: 'half', index: log.units.map((u) => u % 2), labels: ['even', 'odd'] }];
    const { overall, groups } = evaluateByGroup(log, policy, groupings, options);
    const input = { log, policy, response: 'watch', fit: meanByAction, replicates: 10, seed: 1 };
    text = opeReport({
      report: overall,
      header,
      extras: {
        truth: [{ response: 'watch', value: 3.2, standardError: 0.1 }],
        behavior: [{ response: 'watch', value: 2.9, standardError: 0.1 }],
        groups: groupViews(groups),
        agreement: estimatorAgreement(log, policy, options),
        weights: weightHistogram(importanceWeights(log, policy)),
        selfTests: [selfTest({ ...input, options: { level: 0.9, resamples: 50, seed: 1 } })],
        plans: [plan({ log, policy, width: 0.1, level: 0.9, floors: [0.1, 0.5], response: 'watch' })],
        differences: {
          against: 'the logging policy',
          estimates: pairedDifference(log, policy, 'behavior', options),
        },
      },
    });
  });

  it('leads with the answer in a sentence, beside what is known', () => {
    const verdict = text.slice(text.indexOf('class="verdict'), text.indexOf('<h2>'));
    expect(verdict).toMatch(
      /watch under the valued policy is about [\d.]+ per decision \(90\u00a0% interval/,
    );
    expect(verdict).toMatch(/(more|less) than|No difference to the logging policy can be shown/);
    expect(verdict).toContain('Measured while it was served: 3.2\u00a0±\u00a00.1.');
  });

  it('has every part that it was given', () => {
    for (const part of [
      'Difference to the logging policy',
      'watch by half',
      'Which estimator to trust here',
      'What would be enough',
      'Do the estimators agree?',
      'Can the log answer this?',
      'Weights',
      'Clip sweep',
      'Propensity calibration',
      'Warnings and refusals',
      'The words in this report',
      'Lineage',
    ]) {
      expect(text, part).toContain(`>${part}</h`);
    }
  });

  it('says where its numbers come from', () => {
    for (const lineage of ['log&lt;1&gt;.csv', 'ab12', 'minEvents = 5']) expect(text).toContain(lineage);
  });

  it('escapes, and needs neither script nor network', () => {
    expect(text).not.toContain('log<1>');
    expect(text).not.toMatch(/<script|<link|<img|url\((?!#)|https?:\/\/(?!www\.w3\.org)/);
    expect(text.match(/<svg/g)?.length).toBeGreaterThanOrEqual(9);
  });

  it('leaves out what it was not given', () => {
    const bare = opeReport({ report: evaluateLog(log, policy, options), header });
    for (const part of ['By group', 'What would be enough', 'Which estimator', '<h3>Weights']) {
      expect(bare).not.toContain(part);
    }
  });

  it('shows no value anywhere where everything is refused', () => {
    const forced = { ...log, isForced: new Uint8Array(log.rounds).fill(1) };
    const refused = opeReport({ report: evaluateLog(forced, policy, options), header });
    expect(refused).toContain('Refused: this log does not support an answer.');
    expect(refused).toContain('Needed:');
    expect(refused).not.toContain('<svg');
    expect(refused).not.toContain('is about');
  });
});

describe('the quoted estimate', () => {
  const estimates = estimatesIn(evaluateLog(log, policy, options)).filter((e) => e.response === 'watch');

  it('is the one that a self-test trusts, else doubly robust, and never the direct method', () => {
    expect(headlineOf(estimates)?.estimator).toBe('dr');
    expect(headlineOf(estimates, 'ips')?.estimator).toBe('ips');
    expect(headlineOf(estimates.filter((e) => e.estimator === 'dm'))).toBeUndefined();
  });

  it('is not one that others contradict', () => {
    const accused = estimates.map((e) =>
      e.estimator === 'dr'
        ? { ...e, warnings: [{ code: 'estimators_disagree', reason: '' }] }
        : { ...e, warnings: [] },
    );
    expect(headlineOf(accused)?.estimator).toBe('snips');
  });
});

describe('the agreement of estimators', () => {
  it('compares every pair of the same response once, and accuses as the warnings do', () => {
    const pairs = estimatorAgreement(log, policy, options);
    expect(pairs).toHaveLength(2 * 6);
    const warned = estimatesIn(evaluateLog(log, policy, options)).flatMap((e) =>
      e.warnings.filter(({ code }) => code === 'estimators_disagree'),
    );
    const named = new Set(warned.map(({ reason }) => reason.split(' is in ')[0]));
    const differing = pairs
      .filter(({ agrees }) => !agrees)
      .map(({ first, second }) => `${first} − ${second}`);
    expect(new Set(differing)).toEqual(named);
  });

  it('agrees where the policies are one and the same', () => {
    const own = { ...policy, probabilities: log.behaviorProbabilities ?? new Float64Array(0) };
    const pairs = estimatorAgreement(log, own, { level: 0.9, resamples: 50, seed: 1 });
    expect(pairs.map(({ agrees, difference }) => [agrees, difference])).toEqual([
      [true, 0],
      [true, 0],
    ]);
  });

  it('compares nothing on an unusable log', () => {
    expect(
      estimatorAgreement({ ...log, isForced: new Uint8Array(log.rounds).fill(1) }, policy, options),
    ).toEqual([]);
  });
});
