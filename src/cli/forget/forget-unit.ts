import { setTimeout as sleep } from 'node:timers/promises';
import { pseudonymsInUse } from '../../compose/pseudonym-key.ts';
import type { AllotConfig } from '../../config/config.ts';
import { refuse, violation } from '../../core/check.ts';
import { dayOfDecisionId } from '../../core/feedback/decision-id.ts';
import { mentions } from '../../core/feedback/mentions.ts';
import { forgetInJournal, type JournalForgotten } from '../../journal/forget.ts';
import type { Database } from '../../postgres/database.ts';
import { forgetUnit, type ForgottenCounts } from '../../postgres/forget-unit.ts';
import { searchEverywhere, type Trace } from '../../postgres/search-everywhere.ts';
import type { AllStores } from '../../service/ports/all-stores.ts';
import { brokenIdRule } from '../../service/serving/decide-request.ts';
import { outOfReach, type OutOfReach } from './out-of-reach.ts';

export interface ForgetRequest {
  readonly tenant: string;
  /** As the feed sends it. */
  readonly unitId: string;
  /** `unitId` is the name under which the unit is stored already: a pseudonym, or an id from before pseudonyms. */
  readonly isStored?: boolean;
  readonly reason?: string;
  readonly isDryRun: boolean;
  /** Reads every table: the proof takes as long as the database is large. */
  readonly isProven: boolean;
  /** How long running processes get to hand on what they hold of the unit; default 15 s. */
  readonly patienceMs?: number;
}

export interface ForgetReport {
  readonly isDryRun: boolean;
  readonly unitHash: string;
  readonly deleted: ForgottenCounts;
  readonly journal: Omit<JournalForgotten, 'decisionIds'>;
  /** Where the unit still stands in the database; null: not looked for. */
  readonly traces: readonly Trace[] | null;
  readonly outOfReach: readonly OutOfReach[];
  /** Nothing of the unit is left within reach; null: a dry run cannot say. */
  readonly isGone: boolean | null;
}

const PATIENCE_MS = 15_000;

/** Database, journal, database again for what the journal named, then the proof. */
export async function forget(
  { pool, stores, config }: { pool: Database['pool']; stores: AllStores; config: AllotConfig },
  request: ForgetRequest,
): Promise<ForgetReport> {
  const { tenant, isDryRun } = request;
  const unitId = storedName(config, request);
  const { directory } = config.journal;
  const unit = { tenant, unitId, decisionIds: [] as readonly string[] };
  const seen = forgetInJournal(directory, unit, { isDryRun: true }, Date.now());
  const { unitHash, decisionIds, ...deleted } = await forgetUnit(pool, {
    tenant,
    unitId,
    actor: 'cli',
    isDryRun,
    ...(request.reason === undefined ? {} : { reason: request.reason }),
    decisionIds: seen.decisionIds.map((decisionId) => ({ day: dayOfDecisionId(decisionId), decisionId })),
  });
  const known = [...new Set([...decisionIds, ...seen.decisionIds])];
  const { decisionIds: _, ...journal } = await untilHandedOn(
    directory,
    { ...unit, decisionIds: known },
    isDryRun,
    request.patienceMs ?? PATIENCE_MS,
  );
  // Also under the id as sent: there it stands where pseudonyms were switched on later.
  const unitNames = [...new Set([unitId, request.unitId])];
  const isSearched = request.isProven && !isDryRun;
  const traces = isSearched ? await searchEverywhere(pool, { tenant, unitNames, decisionIds: known }) : null;
  return {
    isDryRun,
    unitHash,
    deleted,
    journal,
    traces,
    outOfReach: await outOfReach(stores, config, { tenant, unitId }),
    isGone: isDryRun
      ? null
      : journal.waiting === 0 && journal.damagedFiles.length === 0 && !(traces?.length ?? 0),
  };
}

function storedName(config: AllotConfig, { tenant, unitId, isStored, reason }: ForgetRequest): string {
  const rule = brokenIdRule(unitId);
  if (rule !== undefined) refuse('invalid_request', [violation('unitId', rule)]);
  if (reason !== undefined && mentions(reason, [unitId]))
    refuse('invalid_request', [violation('reason', 'must not name the unit: the audit trail is kept')]);
  const pseudonymOf = isStored === true ? undefined : pseudonymsInUse(config);
  return pseudonymOf === undefined ? unitId : pseudonymOf(tenant, unitId);
}

async function untilHandedOn(
  directory: string,
  unit: Parameters<typeof forgetInJournal>[1],
  isDryRun: boolean,
  patienceMs: number,
): Promise<JournalForgotten> {
  let records = 0;
  for (const until = Date.now() + patienceMs; ;) {
    const found = forgetInJournal(directory, unit, { isDryRun }, Date.now());
    records += found.records;
    if (isDryRun || found.waiting === 0 || Date.now() > until) return { ...found, records };
    await sleep(250);
  }
}
