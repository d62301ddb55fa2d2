import { describe, expect, it } from 'vitest';
import type { EvaluationResult } from '../../../offline/evaluation/evaluation-result.ts';
import { unguardedLosses } from '../../../offline/evaluation/unguarded-losses.ts';
import type { Surface } from '../../../src/core/surface/surface.ts';
import { worldSurface } from '../learning-world.ts';

const response = (name: string, role: 'main' | 'auxiliary' | 'cost') => ({
  ...worldSurface.responses[0],
  ...{ name, role, unit: 's' },
});
const surface: Surface = {
  ...worldSurface,
  responses: [response('live', 'main'), response('short', 'auxiliary'), response('hide', 'cost')],
  constraints: [],
  gate: { ...worldSurface.gate, estimator: 'snips', auxiliaryMargins: {} },
};

type Evidence = Pick<EvaluationResult, 'differences' | 'sessions' | 'settings'>;

function evidence(of: Record<string, readonly [number, number]>): Evidence {
  const estimates = Object.entries(of).flatMap(([name, [lower, upper]]) =>
    ['ips', 'snips'].map((estimator) => ({
      ...{ response: name, estimator, estimand: 'per-decision', value: 0, standardError: 1, warnings: [] },
      intervals: [{ lower: estimator === 'ips' ? -1e9 : lower, upper, level: 0.95, method: 'bootstrap' }],
    })),
  );
  const settings = { level: 0.95, decidingEstimator: 'snips', decidingEstimand: 'per-decision' };
  return { differences: { against: 'feed@1', estimates }, sessions: null, settings } as unknown as Evidence;
}

describe('losses that nothing guards', () => {
  it('are auxiliaries that fall and costs that rise, by the deciding interval', () => {
    const found = unguardedLosses(
      surface,
      evidence({ live: [-9, -8], short: [-17.9, -14.5951], hide: [0.01, 0.02] }),
    );
    expect(found).toEqual([
      'short falls by 14.6 … 17.9 s per decision (95 %): no margin declared, so it is not guarded',
      'hide rises by 0.01 … 0.02 s per decision (95 %): no constraint declared, so it is not guarded',
    ]);
  });

  it('are none where nothing is shown, or where it is for the better', () => {
    expect(unguardedLosses(surface, evidence({ short: [-17.9, 0.1], hide: [-0.02, -0.01] }))).toEqual([]);
  });

  it('are none where a margin or a constraint speaks of them', () => {
    const guarded: Surface = {
      ...surface,
      constraints: [{ name: 'hides', on: { response: 'hide' }, direction: 'at-most', threshold: 0.1 }],
      gate: { ...surface.gate, auxiliaryMargins: { short: 20 } },
    };
    expect(unguardedLosses(guarded, evidence({ short: [-17.9, -14.6], hide: [0.01, 0.02] }))).toEqual([]);
  });

  it('are of totals of sessions where the gate decides by them', () => {
    const difference = { value: -5, lower: -6, upper: -4 };
    const of = evidence({ short: [1, 2] });
    const sessions = { responses: [{ response: 'short', difference }] } as unknown as Evidence['sessions'];
    const settings = { ...of.settings, decidingEstimand: 'per-session' } as Evidence['settings'];
    expect(unguardedLosses(surface, { ...of, sessions, settings })).toEqual([
      'short falls by 4 … 6 s per session (95 %): no margin declared, so it is not guarded',
    ]);
  });
});
