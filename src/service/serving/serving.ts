import { createDecisionIds, type DecisionIds } from '../../core/feedback/decision-id.ts';
import { AllotError } from '../../core/errors.ts';
import type { BreakGlass } from '../ports/break-glass.ts';
import type { ControlReader, LastGoodCopy } from '../ports/control.ts';
import type { EventJournal } from '../ports/event-log.ts';
import type { PseudonymOf } from '../identity/pseudonyms.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { ArtifactTrust } from '../registry/artifact-signatures.ts';
import type { Principal } from '../registry/principal.ts';
import { confirmationsOf, type Confirmations } from './confirmations.ts';
import { ControlWatcher } from './control-watcher.ts';
import type { DecideDependencies } from './decide.ts';
import type { DecideAnswer } from './decide-answer.ts';
import { decideAll, type DecideCall, type DecideResult } from './decide-group.ts';
import { IdempotencyWindow } from './idempotency-window.ts';
import { KnownKeys } from './known-keys.ts';
import { PacingControllers } from './pacing-controllers.ts';
import { createPooledRandom, type RandomBytes } from './random-bytes.ts';
import type { ServedSurface } from './served-surface.ts';
import type { ServingSnapshot } from './serving-snapshot.ts';
import { createUnitCounters } from './unit-counters.ts';

/** The keys of `config/secrets.ts` that serving uses. */
export interface ServingSecrets {
  readonly drawKey: Uint8Array;
  readonly assignmentKey: Uint8Array;
  readonly idKeys: readonly { readonly id: number; readonly key: Uint8Array }[];
}

export interface ServingOptions {
  readonly control: ControlReader;
  readonly lastGood: LastGoodCopy;
  /** Default: none. */
  readonly breakGlass?: BreakGlass;
  readonly journal: EventJournal;
  readonly secrets: ServingSecrets;
  /** Default: units keep the ids they come with. */
  readonly pseudonymOf?: PseudonymOf;
  /** Default: artifacts need no signature. */
  readonly trust?: ArtifactTrust | undefined;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly random?: RandomBytes;
  /** Milliseconds, monotonic; for durations only. */
  readonly stopwatch?: () => number;
  readonly replicaId?: string;
  /** At most 2,000. */
  readonly pollMs?: number;
  readonly deadlineMs?: number;
}

export interface Serving {
  /** Loads the last good copy, asks the store once, then keeps polling. Never rejects because the store is away. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Asks the store now, so that a change made through this process is served by it before it is confirmed. */
  refresh(): Promise<void>;
  /** undefined: no such key. Throws `store_unavailable` while nothing was ever loaded. */
  authenticate(key: string): Principal | undefined;
  /** Synchronous; throws `AllotError`. */
  decide(body: unknown, principal: Principal): DecideAnswer;
  /** The same for many calls with one write of the journal; in their order. */
  decideAll(calls: readonly DecideCall[]): readonly DecideResult[];
  /** null: this process has neither reached the store nor found a copy on the disk. */
  readonly snapshot: ServingSnapshot | null;
  readonly ids: DecisionIds;
  /** Milliseconds since the store last confirmed what is served; null while it never did. */
  staleness(): number | null;
  /** Surfaces without a champion on this process, because it has not got the artifact since it was started. */
  awaitedChampions(): number;
  /** Which replicas serve what the store holds now; waits a little for those behind. To be asked after a change. */
  confirmations(): Promise<Confirmations>;
}

export function createServing(options: ServingOptions): Serving {
  const watcher = new ControlWatcher({
    ...options,
    drawKey: options.secrets.drawKey,
    stopwatch: options.stopwatch ?? (() => performance.now()),
    replicaId: options.replicaId ?? 'local',
    pollMs: Math.min(options.pollMs ?? 1000, 2000),
    deadlineMs: options.deadlineMs ?? 1500,
  });
  const deps = dependenciesOf(options);
  const keys = new KnownKeys();
  const current = (): ServingSnapshot => {
    if (watcher.snapshot === null) {
      throw new AllotError('store_unavailable', 'the control state has not been loaded yet');
    }
    return watcher.snapshot;
  };
  return {
    start: () => watcher.start(),
    stop: () => watcher.stop(),
    refresh: () => watcher.refresh(),
    authenticate: (key) => keys.find(current(), key),
    decide(body, principal) {
      const [result] = decideAll([{ body, principal }], current(), deps);
      if ('error' in result) throw result.error;
      return result.answer;
    },
    decideAll: (calls) => decideAll(calls, current(), deps),
    get snapshot() {
      return watcher.snapshot;
    },
    ids: deps.ids,
    staleness: () => watcher.age(),
    awaitedChampions: () => watcher.awaitedChampions(),
    async confirmations() {
      const asked = await confirmationsOf(options.control);
      return { servedRevision: watcher.snapshot?.revision ?? null, ...asked };
    },
  };
}

const dependenciesOf = (options: ServingOptions): DecideDependencies => ({
  ids: createDecisionIds([...options.secrets.idKeys]),
  assignmentKey: options.secrets.assignmentKey,
  pseudonymOf: options.pseudonymOf ?? null,
  journal: options.journal,
  clock: options.clock,
  stopwatch: options.stopwatch ?? (() => performance.now()),
  random: options.random ?? createPooledRandom(),
  metrics: options.metrics,
  logger: options.logger,
  window: new IdempotencyWindow(),
  counters: createUnitCounters(),
  pacing: new PacingControllers(),
});

/** The surface that a decision id was minted for; undefined when the tenant no longer declares it. */
export function surfaceOfId(
  snapshot: ServingSnapshot,
  ids: DecisionIds,
  tenant: string,
  parsed: ReturnType<DecisionIds['read']>,
): ServedSurface | undefined {
  const known = snapshot.tenants.get(tenant);
  if (known === undefined) return undefined;
  const tag = `${String(parsed.keyId)}:${String(parsed.surfaceTag)}`;
  const cached = known.byTag.get(tag);
  if (cached !== undefined) return cached;
  for (const [name, served] of known.surfaces) {
    if (ids.isSurface(parsed, name)) {
      known.byTag.set(tag, served);
      return served;
    }
  }
  return undefined;
}
