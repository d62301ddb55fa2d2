import { AllotError } from '../../core/errors.ts';
import type { DecisionEvent } from '../../core/feedback/events.ts';
import type { EventJournal } from '../ports/event-log.ts';
import type { DecisionReader, DecisionRecord, PolicyStore, SurfaceStore } from '../ports/stores.ts';
import { authorise, scopesOf, type Principal } from '../registry/principal.ts';
import type { Serving } from '../serving/serving.ts';
import { replayDecision, type Replay } from './replay.ts';

export interface Decisions {
  /** `pending`: the id is ours, but the record is on its way from another process. */
  find(decisionId: string, principal: Principal): Promise<DecisionRecord | 'pending'>;
  replay(decisionId: string, principal: Principal): Promise<Replay | 'pending'>;
  /** Of the surfaces that the key covers. */
  counts(principal: Principal, surface?: string): Promise<Counts>;
}

type Counts = Awaited<ReturnType<DecisionReader['counts']>>;

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
    async counts(principal, surface) {
      authorise(principal, 'view', surface);
      const scopes = scopesOf(principal, surface);
      return summed(await Promise.all(scopes.map((scope) => deps.reader.counts(principal.tenant, scope))));
    },
  };
}

/** Orphans are of no surface, and of the tenant whatever was asked for: they are counted once. */
const summed = (counts: readonly Counts[]): Counts => ({
  decisions: counts.reduce((sum, { decisions }) => sum + decisions, 0),
  exposures: counts.reduce((sum, { exposures }) => sum + exposures, 0),
  interactions: counts.reduce((sum, { interactions }) => sum + interactions, 0),
  orphans: counts.at(0)?.orphans ?? 0,
});

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
