import type { DecisionEvent, ExposureEvent, InteractionEvent } from '../../src/core/feedback/events.ts';

/** A valid decision for tests; ids are only as good as the caller makes them. */
export function decisionEvent(n: number, changes: Partial<DecisionEvent> = {}): DecisionEvent {
  return {
    v: 1,
    kind: 'decision',
    decisionId: `decision-${String(n)}`,
    tenant: 'default',
    surface: 'live-feed',
    schemaVersion: 1,
    requestId: `request-${String(n)}`,
    unitId: `unit-${String(n % 7)}`,
    sessionId: null,
    decidedAt: 1_700_000_000_000 + n,
    features: { hour: n % 24, country: 'DE', isNew: false },
    defaultedFeatures: [],
    group: null,
    eligibleActions: ['none', 'live'],
    action: 'live',
    propensity: 0.25,
    probabilities: [0.75, 0.25],
    draw: 0.9,
    policyVersion: 'live-feed@1',
    experiment: null,
    variant: null,
    block: null,
    adjustments: [],
    fallback: null,
    isForced: false,
    ...changes,
  };
}

export function exposureEvent(n: number, changes: Partial<ExposureEvent> = {}): ExposureEvent {
  return {
    v: 1,
    kind: 'exposure',
    eventId: `exposure-${String(n)}`,
    tenant: 'default',
    decisionId: `decision-${String(n)}`,
    occurredAt: 1_700_000_001_000 + n,
    receivedAt: 1_700_000_002_000 + n,
    ...changes,
  };
}

export function interactionEvent(n: number, changes: Partial<InteractionEvent> = {}): InteractionEvent {
  return {
    v: 1,
    kind: 'interaction',
    eventId: `interaction-${String(n)}`,
    tenant: 'default',
    decisionId: `decision-${String(n)}`,
    type: 'watch',
    value: 1234.5,
    occurredAt: 1_700_000_003_000 + n,
    receivedAt: 1_700_000_004_000 + n,
    ...changes,
  };
}
