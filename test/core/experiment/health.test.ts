import { describe, expect, it } from 'vitest';
import type { Experiment } from '../../../src/core/experiment/experiment.ts';
import { checkHealth, type FeedbackShare, type HealthCheck } from '../../../src/core/experiment/health.ts';
import { DEFAULT_HEALTH } from '../../../src/core/experiment/plan.ts';

const experiment = {
  state: 'running',
  variants: [{ name: 'control' }, { name: 'treatment' }],
  blocks: [{ index: 0, fromBucket: 0, toBucket: 10_000, openedAt: 0 }],
} as unknown as Experiment;
const counts = {
  assignedUnits: 500,
  multipleUnits: 0,
  closedUnits: 500,
  undeliveredUnits: 0,
  incompleteUnits: 0,
};
const share = (decisions: number, delivered: number, answered: number): FeedbackShare => ({
  decisions,
  delivered,
  answered,
});

function outcomes(recent: FeedbackShare, before: FeedbackShare): HealthCheck | undefined {
  const variants = [counts, counts];
  const input = {
    experiment,
    plan: DEFAULT_HEALTH,
    now: 1_000,
    lastAssignedAt: 900,
    variants,
    recent,
    before,
  };
  return checkHealth(input).find(({ name }) => name === 'outcomes');
}

describe('the check of outcomes', () => {
  const before = share(1000, 1000, 300);

  it('fails when less than half of the usual share of the newest decisions has feedback', () => {
    expect(outcomes(share(200, 99, 60), before)?.state).toBe('failing');
    expect(outcomes(share(200, 101, 60), before)?.state).toBe('ok');
    expect(outcomes(share(200, 200, 4), before)?.reason).toBe(
      'interactions: 2 % of the newest decisions have any, 30 % had',
    );
  });

  it('says nothing of what may be chance: few decisions on a surface that is rarely answered', () => {
    expect(outcomes(share(20, 20, 0), before)?.state).toBe('ok');
    expect(outcomes(share(40, 40, 0), before)?.state).toBe('failing');
    expect(outcomes(share(20, 0, 0), before)?.state).toBe('failing');
  });

  it('keeps the first units waiting where no feedback ever came', () => {
    expect(outcomes(share(20, 0, 0), share(0, 0, 0))?.state).toBe('failing');
    expect(outcomes(share(19, 0, 0), share(0, 0, 0))?.state).toBe('ok');
  });
});
