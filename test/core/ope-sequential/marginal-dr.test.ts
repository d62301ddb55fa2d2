import { describe, expect, it } from 'vitest';
import { cumulativeLogWeights } from '../../../src/core/ope/sequential/session-weights.ts';
import { DECISIONS, marginalTotals, ownTotals } from '../../../src/core/ope/sequential/marginal-dr.ts';
import { isTrouble } from '../../../src/core/ope/sequential/sequential-estimator.ts';
import { ratioHealth, ratioWeaknesses } from '../../../src/core/ope/session-health.ts';
import { quarters, simulatedLog, valueOf, viewOf } from './world.ts';

const world = simulatedLog(quarters, 1, 400, 5);
const { log, policy } = world;
const products = cumulativeLogWeights(log, policy).map(Math.exp);

function mean(ratios: Float64Array, q: Float64Array, response = 'reward'): number {
  const actionValues = new Map([[response, q]]);
  const totals = marginalTotals(log, { policy, ratios, lookback: Infinity, actionValues }, response);
  if (isTrouble(totals)) throw new Error(totals.reason);
  return totals.reduce((a, b) => a + b, 0) / log.sessionCount;
}

describe('the marginal doubly robust total of a session', () => {
  it('is sequential doubly robust where the ratio is the product of weights, whatever Q is', () => {
    const view = viewOf(log, policy, { actionValues: world.wrong });
    expect(mean(products, world.wrong)).toBeCloseTo(valueOf('sequential-dr', view), 9);
  });

  it('is the weighted total of rewards where Q is 0', () => {
    const view = viewOf(log, policy);
    expect(mean(products, new Float64Array(world.wrong.length))).toBeCloseTo(valueOf('pdis', view), 9);
  });

  it('is the value of the first states where nothing is weighted, which is fitted Q', () => {
    const view = viewOf(log, policy, { actionValues: world.wrong });
    const none = new Float64Array(log.rounds);
    expect(mean(none, world.wrong)).toBeCloseTo(valueOf('fqe', view), 9);
  });

  it('counts the decisions of a session like a response of 1', () => {
    const zero = new Float64Array(world.wrong.length);
    const weights = products.reduce((a, b) => a + b, 0) / log.sessionCount;
    expect(mean(products, zero, DECISIONS)).toBeCloseTo(weights, 9);
    expect(ownTotals(log, DECISIONS).reduce((a, b) => a + b, 0)).toBe(log.rounds);
  });

  it('is refused without values of the response', () => {
    const side = { policy, ratios: products, lookback: 0, actionValues: new Map<string, Float64Array>() };
    expect(marginalTotals(log, side, 'reward')).toMatchObject({ code: 'action_values_missing' });
  });
});

describe('ratios of visits', () => {
  const limits = { minEffectiveUnits: 50, maxUnitShare: 0.2 };
  const healthOf = (ratios: Float64Array) =>
    ratioHealth(log, { policy, ratios, lookback: 0, actionValues: new Map() });

  it('end every session once, under the log’s own policy exactly', () => {
    expect(healthOf(new Float64Array(log.rounds).fill(1)).endMass).toBe(1);
    expect(healthOf(products).endMass).toBeCloseTo(1, 0);
  });

  it('are weak where the valued policy’s sessions do not add up, or one unit holds them', () => {
    const found = (ratios: Float64Array): string =>
      ratioWeaknesses(healthOf(ratios), limits, log.unitCount)
        .map(({ code }) => code)
        .join();
    expect(found(new Float64Array(log.rounds).fill(1))).toBe('');
    expect(found(new Float64Array(log.rounds).fill(1.2))).toMatch(/^end_mass_off/);
    const one = new Float64Array(log.rounds).fill(1);
    one[0] = 1e4;
    expect(found(one)).toMatch(/^low_effective_sample_size,unit_dominates/);
  });
});
