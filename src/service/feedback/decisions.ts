import { AllotError } from '../../core/errors.ts';
import type { DecisionEvent } from '../../core/feedback/events.ts';
import type { EventJournal } from '../ports/event-log.ts';
import type { DecisionReader, DecisionRecord, PolicyStore, SurfaceStore } from '../ports/stores.ts';
import { authorise, type Principal } from '../registry/principal.ts';
import type { Serving } from '../serving/serving.ts';
import { replayDecision, type Replay } from './replay.ts';

export interface Decisions {
  /** `pending`: the id is ours, but the record is on its way from another process. */
  find(decisionId: string, principal: Principal): Promise<DecisionRecord | 'pending'>;
  replay(decisionId: string, principal: Principal): Promise<Replay | 'pending'>;
  counts(principal: Principal, surface?: string): ReturnType<DecisionReader['counts']>;
}

export interface DecisionsDependencies {
  readonly reader: DecisionReader;
  readonly journal: EventJournal;
  readonly surfaces: SurfaceStore;
  readonly policies: PolicyStore;
  readonly serving: Serving;
  readonly drawKey: Uint8Array;
}

export function createDecisions(deps: DecisionsDependencies): Decisions {
  const find = async (decisionId: string, principal: Principal): Promise<DecisionRecord | 'pending'> => {
    authorise(principal, 'analyse');
    const parsed = deps.serving.ids.read(decisionId);
    if (!deps.serving.ids.belongsTo(parsed, principal.tenant)) {
      throw new AllotError('decision_id_foreign', 'the decision id belongs to another tenant');
    }
    const record = await stored(deps, principal.tenant, decisionId);
    if (record === undefined) return 'pending';
    authorise(principal, 'analyse', record.decision.surface);
    return record;
  };
  return {
    find,
    async replay(decisionId, principal) {
      const record = await find(decisionId, principal);
      return record === 'pending' ? record : await replayDecision(record.decision, deps);
    },
    counts(principal, surface) {
      authorise(principal, 'view', surface);
      return deps.reader.counts(principal.tenant, surface);
    },
  };
}

/** The store first; while ingest is behind, or the store is away, the journal of this process. */
async function stored(
  { reader, journal }: DecisionsDependencies,
  tenant: string,
  decisionId: string,
): Promise<DecisionRecord | undefined> {
  const local = journal.findDecision(decisionId);
  const decision = local?.kind === 'decision' && local.tenant === tenant ? local : undefined;
  const unjoined = decision === undefined ? undefined : asRecord(decision);
  try {
    return (await reader.find(tenant, decisionId)) ?? unjoined;
  } catch (error) {
    if (unjoined !== undefined) return unjoined;
    throw error;
  }
}

const asRecord = (decision: DecisionEvent): DecisionRecord => ({ decision, exposures: [], interactions: [] });
