import { createDecisionIds } from '../../src/core/feedback/decision-id.ts';
import type { LogEvent } from '../../src/core/feedback/events.ts';
import type { RawRecord } from '../../src/service/ports/event-log.ts';
import { eventKey } from '../../src/service/schemas/event-key.ts';
import { serializeEvent } from '../../src/service/schemas/events.ts';
import { decisionEvent, exposureEvent, interactionEvent } from '../../test/support/events.ts';

const ids = createDecisionIds([{ id: 1, key: new Uint8Array(16).fill(7) }]);
const FIRST_MS = 1_700_000_000_000;

/** The n-th decision, its exposure and its interaction, as records. */
export function recordsOfDecision(n: number, features: number): RawRecord[] {
  const decidedAt = FIRST_MS + n;
  const random = new Uint8Array(8);
  new DataView(random.buffer).setUint32(0, n);
  const decisionId = ids.mint({ timeMs: decidedAt, tenant: 'default', surface: 'live-feed', random });
  const named = Array.from({ length: features }, (_, i) => [
    `feature${String(i)}`,
    ((n * 31 + i * 17) % 1_000) / 7,
  ]);
  return [
    decisionEvent(n, {
      decisionId,
      decidedAt,
      features: Object.fromEntries(named) as Record<string, number>,
    }),
    exposureEvent(n, { decisionId }),
    interactionEvent(n, { decisionId }),
  ].map(toRecord);
}

const toRecord = (event: LogEvent): RawRecord => ({ key: eventKey(event), value: serializeEvent(event) });
