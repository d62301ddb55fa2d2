import { describe, expect, it } from 'vitest';
import { trainingReport } from '../../../offline/reports/training-report.ts';
import type { Diagnosis } from '../../../offline/learning/run/divergence.ts';
import type { TrainingView } from '../../../offline/reports/training-view.ts';

const metrics = {
  actorLoss: 0.5,
  criticLoss: 1.2,
  meanAbsQ: 2,
  qBound: 40,
  allocatingShare: 0.31,
  'allocatingShare:low': 0.2,
  normalisedEntropy: 0.7,
  klToBehavior: 0.1,
  validationValue: 31,
  temperature: 0.2,
};
const view: TrainingView = {
  ...{ surface: 'feed <1>', algorithm: 'tscac', seed: 3, diagnosis: null },
  curve: ['stage one: like', 'stage two'].flatMap((phase) =>
    [20, 40].map((step) => ({ phase, step, metrics })),
  ),
  metrics: { trainRows: 100 },
  rates: [
    { group: null, states: 90, behavior: 0.4, policy: 0.31 },
    { group: 'low', states: 40, behavior: 0.35, policy: 0.2 },
  ],
  validation: {
    response: 'watch',
    value: 31,
    lower: 28,
    upper: 34,
    level: 0.95,
    units: 50,
    effectiveUnits: 41.2,
  },
  config: { steps: 40, network: { hidden: [8] } },
  lineage: [['run', 'run-1']],
};
const text = (markup: string): string => markup.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');

describe('a training report', () => {
  it('says first that there is a policy, what it is about worth and how often it allocates', () => {
    const shown = text(trainingReport(view));
    expect(shown).toMatch(/seed 3 trained\. There is a policy/);
    expect(shown).toMatch(/allocates in 31 % of the held states; the behaviour did in 40 %/);
    expect(shown).toMatch(/watch is about 31 per decision \(28 … 34, 95 %; 41 of 50 units count\)/);
  });

  it('says first why it stopped and what to try', () => {
    const diagnosis: Diagnosis = {
      kind: 'action-values',
      ...{ phase: 'stage two', step: 40, measured: 50, limit: 40 },
      ...{ what: 'mean |Q| 50 left its bound 40', suggestion: 'lower criticLearningRate' },
    };
    const shown = text(trainingReport({ ...view, diagnosis, rates: [], validation: null, metrics: {} }));
    expect(shown).toMatch(/stopped\. Training stopped itself in stage two, step 40; there is no policy\./);
    expect(shown).toMatch(/Try: lower criticLearningRate/);
    expect(shown).toMatch(/Curves stage one: like .* stage two loss/);
  });

  it('draws every panel of every phase, and what it does not know apart', () => {
    const markup = trainingReport(view);
    for (const panel of [
      'Losses',
      'Action values',
      'Allocating share',
      'Entropy',
      'Distance to the behaviour',
      'Validation',
    ])
      for (const phase of ['stage one: like', 'stage two'])
        expect(markup).toContain(`aria-label="${panel}, ${phase}:`);
    expect(markup.match(/<svg/g)).toHaveLength(14);
    expect(text(markup)).toContain('temperature');
  });

  it('needs neither script nor network, and escapes what it is told', () => {
    const markup = trainingReport(view);
    expect(markup).not.toMatch(/<script|url\((?!#)|@import|<1>/);
  });

  it('says so when it stopped before the first point', () => {
    expect(text(trainingReport({ ...view, curve: [] }))).toContain('stopped before the first point');
  });
});
