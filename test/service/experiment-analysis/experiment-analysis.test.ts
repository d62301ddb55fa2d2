import { describe, expect, it } from 'vitest';
import type { Experiment } from '../../../src/core/experiment/experiment.ts';
import { createRandom } from '../../../src/core/math/random.ts';
import type { DecisionRecord } from '../../../src/service/ports/stores.ts';
import { createExperimentAnalysis } from '../../../src/service/experiment-analysis/experiment-analysis.ts';
import { interactionsOf } from '../../../src/simulation/responses.ts';
import { createSession } from '../../../src/simulation/session.ts';
import { liveFeedSurface } from '../../../src/simulation/surface.ts';
import { trueValue } from '../../../src/simulation/true-value.ts';
import { defaultFeedWorld as world } from '../../../src/simulation/world.ts';

const surface = liveFeedSurface(world, { name: 'live-feed', windowSeconds: 10 });
const experiment: Experiment = {
  id: 'e1',
  surface: 'live-feed',
  name: 'live-everywhere',
  state: 'running',
  salt: 's',
  layer: 'default',
  holdoutShare: 0,
  variants: [
    { name: 'control', role: 'control', policyVersion: 'live-feed@1' },
    { name: 'treatment', role: 'treatment', policyVersion: 'live-feed@2' },
  ],
  blocks: [{ index: 0, fromBucket: 0, toBucket: 10_000, openedAt: 0 }],
  level: 0.95,
};

/** Half of the units get p = 0 of a stream, the others `treated`. */
function records(units: number, treated: number): readonly DecisionRecord[] {
  const random = createRandom(31);
  const draws = random.fork('policy');
  const all: DecisionRecord[] = [];
  for (let k = 0; k < units; k++) {
    const unitId = `u${String(k).padStart(6, '0')}`;
    const session = createSession(world, unitId, random);
    const isTreated = k % 2 === 1;
    const p = isTreated ? treated : 0;
    for (let step = 0, f = session.request(); f !== null; step++, f = session.request()) {
      const action = draws.uniform() < p ? 'live' : 'none';
      const decidedAt = 1000 + k + step * 100;
      const decisionId = `${unitId}-${String(step)}`;
      const ids = {
        v: 1,
        tenant: 't',
        decisionId,
        occurredAt: decidedAt + 1,
        receivedAt: decidedAt + 2,
      } as const;
      all.push({
        decision: {
          v: 1,
          kind: 'decision',
          decisionId,
          tenant: 't',
          surface: 'live-feed',
          schemaVersion: 1,
          requestId: decisionId,
          unitId,
          sessionId: session.sessionId,
          decidedAt,
          features: f,
          defaultedFeatures: [],
          group: null,
          eligibleActions: ['none', 'live'],
          action,
          propensity: action === 'live' ? p : 1 - p,
          probabilities: [1 - p, p],
          draw: 0.5,
          policyVersion: isTreated ? 'live-feed@2' : 'live-feed@1',
          experiment: 'e1',
          variant: isTreated ? 'treatment' : 'control',
          block: 0,
          adjustments: [],
          fallback: null,
          isForced: false,
        },
        exposures: [{ ...ids, kind: 'exposure', eventId: `x-${decisionId}` }],
        interactions: interactionsOf(session.act(action)).map((event, i) => ({
          ...ids,
          kind: 'interaction',
          eventId: `i-${decisionId}-${String(i)}`,
          ...event,
        })),
      });
    }
  }
  return all;
}

const analysisOf = (log: readonly DecisionRecord[]) =>
  createExperimentAnalysis({
    surfaces: { find: async (_, name) => (name === 'live-feed' ? surface : undefined) },
    decisions: {
      async *stream() {
        yield* log;
      },
    },
  });
const LATER = 1_000_000;

describe('the analysis of a running experiment', () => {
  it('finds the true effect of always-live within its interval and reports the violated cost', async () => {
    const [look] = await analysisOf(records(3000, 1)).look('t', experiment, LATER);
    const options = { units: 4000, random: createRandom(1) };
    const live = trueValue(world, () => 1, 'watch_seconds', options);
    const none = trueValue(world, () => 0, 'watch_seconds', options);
    const truth = live.value - none.value;
    expect(look.effect!.lower).toBeLessThan(truth);
    expect(look.effect!.upper).toBeGreaterThan(truth);
    expect(look.units).toEqual({ control: 1500, treatment: 1500 });
    expect(look.sampleRatio.state).toBe('ok');
    expect(look.byMetric.map((metric) => metric.name)).toContain('hide-rate');
  });

  it('lets a unit in only when its window has closed, and then for ever with the same numbers', async () => {
    const log = records(400, 0.5);
    const analysis = analysisOf(log);
    const [early] = await analysis.look('t', experiment, 5000);
    expect(early.units).toEqual({ control: 0, treatment: 0 });
    expect(early.verdict).toBe('no data');
    const [now] = await analysis.look('t', experiment, LATER);
    const [later] = await analysis.look('t', experiment, 2 * LATER);
    expect(later.byMetric).toEqual(now.byMetric);
  });

  it('leaves out decisions that were never delivered', async () => {
    const log = records(400, 0.5).map((record, i) => (i % 2 === 0 ? record : { ...record, exposures: [] }));
    const [look] = await analysisOf(log).look('t', experiment, LATER);
    const [all] = await analysisOf(records(400, 0.5)).look('t', experiment, LATER);
    expect(look.units.control).toBeLessThan(all.units.control);
    expect(look.assignedUnits).toEqual(all.assignedUnits);
  });

  it('leaves out and counts a unit that was seen on both sides', async () => {
    const log = records(400, 0.5).map((record, i) =>
      i === 0 ? { ...record, decision: { ...record.decision, variant: 'treatment' } } : record,
    );
    const [look] = await analysisOf(log).look('t', experiment, LATER);
    expect(look.multiplyAssignedUnits).toBe(log[1].decision.unitId === log[0].decision.unitId ? 1 : 0);
  });

  it('refuses an experiment on a surface that is not declared', async () => {
    const elsewhere = { ...experiment, surface: 'elsewhere' };
    await expect(analysisOf([]).look('t', elsewhere, LATER)).rejects.toMatchObject({
      code: 'surface_unknown',
    });
  });
});
