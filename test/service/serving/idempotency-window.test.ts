import { describe, expect, it } from 'vitest';
import type { DecisionEvent } from '../../../src/core/feedback/events.ts';
import { IDEMPOTENCY_WINDOW, IdempotencyWindow } from '../../../src/service/serving/idempotency-window.ts';

const actions = ['none', 'live'];

function rememberedAt(decidedAt: number, vector: readonly number[] = []) {
  const event = {
    unitId: 'u-1',
    sessionId: null,
    decidedAt,
    features: { vector },
    defaultedFeatures: [],
    eligibleActions: actions,
    probabilities: [0.5, 0.5],
  } satisfies Partial<DecisionEvent>;
  return { text: JSON.stringify(event), actions, isWhole: true };
}

const sent = { unitId: 'u-1', sessionId: null, features: { vector: [] }, eligibleActions: null };

describe('the window of decisions that are answered again', () => {
  it('holds no more than its bytes, twice, however large the decisions of one key are', () => {
    const window = new IdempotencyWindow();
    const large = rememberedAt(0, Array.from({ length: 10_000 }, Math.random));
    const held = Math.floor(IDEMPOTENCY_WINDOW.bytes / (2 * large.text.length + 1000));
    for (let i = 0; i < 4 * held; i += 1) {
      window.remember(`r-${String(i)}`, large, 0);
      expect(window.bytes).toBeLessThanOrEqual(2 * IDEMPOTENCY_WINDOW.bytes);
    }
    expect(window.bytes).toBeGreaterThan(IDEMPOTENCY_WINDOW.bytes);
    expect(window.find('r-0', sent, 0)).toBeUndefined();
  });

  it('frees what is older than its minutes', () => {
    const window = new IdempotencyWindow();
    window.remember('r-1', rememberedAt(0), 0);
    const held = window.bytes;
    const later = 3 * IDEMPOTENCY_WINDOW.milliseconds;
    window.remember('r-2', rememberedAt(later), later);
    expect(window.bytes).toBeLessThan(1.1 * held);
    expect(window.find('r-1', sent, later)).toBeUndefined();
    expect(window.find('r-2', sent, later)).toBeDefined();
  });
});
