import type { DecisionIds } from '../../src/core/feedback/decision-id.ts';
import type {
  DecisionEvent,
  ExposureEvent,
  InteractionEvent,
  LogEvent,
} from '../../src/core/feedback/events.ts';
import { sipHash24 } from '../../src/core/math/siphash.ts';
import { lengthPrefixed } from '../../src/core/math/length-prefixed.ts';
import { groupName } from '../../src/core/surface/groups.ts';
import type { Surface } from '../../src/core/surface/surface.ts';
import type { ImportedDecision } from './imported-decision.ts';

/** Not a secret: it only spreads request ids over the random part of decision ids, the same way every time. */
const SPREAD_KEY = new Uint8Array(16).fill(0x61);

/** The random part of an imported id is a function of the request id, so that a second import changes nothing. */
function spread(requestId: string): Uint8Array {
  const { high, low } = sipHash24(SPREAD_KEY, lengthPrefixed('import', requestId));
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, high);
  view.setUint32(4, low);
  return bytes;
}

/**
 * An imported row in our event grammar: the decision, an exposure (the log holds delivered decisions only) and
 * one interaction for every response that differs from its default. Feedback happens at the decision's own time.
 */
export function toEvents(
  row: ImportedDecision,
  surface: Surface,
  tenant: string,
  ids: DecisionIds,
): LogEvent[] {
  const decision = toDecision(row, surface, tenant, ids);
  const { decisionId } = decision;
  const at = row.decidedAt;
  const exposure: ExposureEvent = {
    v: 1,
    kind: 'exposure',
    eventId: `${row.requestId}:exposure`,
    tenant,
    decisionId,
    occurredAt: at,
    receivedAt: at,
  };
  const interactions = surface.responses.flatMap((response): InteractionEvent[] => {
    const value = row.responses[response.name];
    if (value === undefined || value === response.default) return [];
    return [
      {
        v: 1,
        kind: 'interaction',
        eventId: `${row.requestId}:${response.name}`,
        tenant,
        decisionId,
        type: response.interaction,
        value,
        occurredAt: at,
        receivedAt: at,
      },
    ];
  });
  return [decision, exposure, ...interactions];
}

function toDecision(
  row: ImportedDecision,
  surface: Surface,
  tenant: string,
  ids: DecisionIds,
): DecisionEvent {
  return {
    v: 1,
    kind: 'decision',
    decisionId: ids.mint({
      timeMs: row.decidedAt,
      tenant,
      surface: surface.name,
      random: spread(row.requestId),
    }),
    tenant,
    surface: surface.name,
    schemaVersion: surface.schemaVersion,
    requestId: row.requestId,
    unitId: row.unitId,
    sessionId: row.sessionId,
    decidedAt: row.decidedAt,
    features: row.features,
    defaultedFeatures: [],
    group: groupName(surface.groups, row.features, []),
    eligibleActions: row.eligibleActions,
    action: row.action,
    propensity: row.propensity,
    probabilities: [],
    draw: null,
    policyVersion: row.policyVersion,
    experiment: null,
    variant: null,
    block: null,
    adjustments: [],
    fallback: null,
    isForced: false,
  };
}
