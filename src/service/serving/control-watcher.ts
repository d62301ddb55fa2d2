import type { Policy } from '../../core/policy/policy.ts';
import type { BreakGlass } from '../ports/break-glass.ts';
import type { ControlReader, ControlState, LastGoodCopy } from '../ports/control.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { ArtifactTrust } from '../registry/artifact-signatures.ts';
import { ArtifactShelf } from './artifact-shelf.ts';
import { withDeadline } from './deadline.ts';
import { lastGoodState } from './last-good-state.ts';
import { CachingPolicyLoader } from './policy-loader.ts';
import { ReplicaSign } from './replica-sign.ts';
import { compileSnapshot, type ServingSnapshot } from './serving-snapshot.ts';

export interface WatcherOptions {
  readonly control: ControlReader;
  readonly lastGood: LastGoodCopy;
  readonly breakGlass?: BreakGlass;
  readonly drawKey: Uint8Array;
  /** Absent: artifacts need no signature. */
  readonly trust?: ArtifactTrust | undefined;
  readonly clock: () => number;
  /** Milliseconds, monotonic: a clock that is set hides no age. */
  readonly stopwatch: () => number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly replicaId: string;
  readonly pollMs: number;
  readonly deadlineMs: number;
}

/** An artifact that could not be fetched is tried again after this long, not at every poll. */
const RETRY_MS = 5_000;

/**
 * A new state waits this long for its artifacts, so that a promotion swaps at once. Then it is served with what is here: a kill
 * and a revoked key wait for no bytes that do not come.
 */
const HOLD_MS = 500;

/**
 * Keeps the serving snapshot fresh. States: empty → disk (last good copy) → store; once from the store it only
 * moves to newer states of the store. A failed load changes nothing: the previous snapshot keeps serving. Artifacts are
 * fetched beside the polls, and the state is served again as they come.
 */
export class ControlWatcher {
  readonly #options: WatcherOptions;
  #snapshot: ServingSnapshot | null = null;
  readonly #shelf: ArtifactShelf;
  readonly #sign: ReplicaSign;
  #compiled: ReadonlyMap<string, Policy> = new Map();
  /** The newest state of the store; the snapshot is made of it as soon as its artifacts are here or late. */
  #wanted: ControlState | null = null;
  readonly #startedAt: number;
  #confirmedAt: number | null = null;
  #fetching: Promise<void> | null = null;
  #fetchedAt = -Infinity;
  #saving: Promise<void> = Promise.resolve();
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | null = null;
  #isAgain = false;
  #hints: { stop(): Promise<void> } | null = null;
  #killedHere: ReadonlySet<string> = new Set();
  /** What the audit trail has not been told yet, as the store was away. */
  #untold: { readonly at: number; readonly killed: readonly string[] }[] = [];

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#shelf = new ArtifactShelf(options);
    this.#sign = new ReplicaSign(options);
    this.#startedAt = options.stopwatch();
  }

  get snapshot(): ServingSnapshot | null {
    return this.#snapshot;
  }

  /** Milliseconds since the store last confirmed the revision served; null while it never did. */
  age(): number | null {
    return this.#confirmedAt === null ? null : this.#options.stopwatch() - this.#confirmedAt;
  }

  /** Resolves after the first attempt, whether or not the store answered. */
  async start(): Promise<void> {
    await this.#loadFromDisk();
    await this.refresh();
    await this.#fetching;
    this.#schedule();
    void this.#listen();
  }

  /** Polls now. Concurrent calls share a poll, but one that starts after a write never gets an older answer. */
  refresh(): Promise<void> {
    if (this.#running !== null) {
      this.#isAgain = true;
      return this.#running;
    }
    this.#running = this.#pollUntilQuiet().finally(() => (this.#running = null));
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#hints?.stop().catch(() => undefined);
    await this.#running?.catch(() => undefined);
    await this.#fetching;
    await this.#saving;
    await this.#sign.retire();
  }

  #schedule(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.refresh().finally(() => this.#schedule()), this.#options.pollMs);
    this.#timer.unref();
  }

  async #listen(): Promise<void> {
    try {
      const hints = await this.#options.control.watch(() => void this.refresh());
      if (this.#isStopped) await hints.stop();
      else this.#hints = hints;
    } catch (error) {
      this.#options.logger.warn({ error }, 'no hints of control changes; the poll goes on without them');
    }
  }

  async #pollUntilQuiet(): Promise<void> {
    do {
      this.#isAgain = false;
      await this.#pollOnce();
    } while (this.#isAgain && !this.#isStopped);
  }

  async #pollOnce(): Promise<void> {
    const { control, stopwatch, logger, metrics, deadlineMs } = this.#options;
    this.#lookAtBreakGlass();
    try {
      const revision = await withDeadline(control.revision(), deadlineMs, 'reading the control revision');
      if (this.#mustLoad(revision)) {
        this.#wanted = await withDeadline(control.load(), deadlineMs, 'loading the control state');
        this.#startCounters(this.#wanted);
        await this.#holdForArtifacts(this.#wanted);
        if (this.#snapshot?.state !== this.#wanted) this.#replace(this.#wanted, 'store');
      } else if (this.#snapshot?.isComplete === false && stopwatch() - this.#fetchedAt >= RETRY_MS) {
        this.#startFetching();
      }
      this.#confirmedAt = stopwatch();
      this.#tellReplica();
      await this.#tellAudit();
    } catch (error) {
      metrics.controlLoadFailed();
      logger.warn({ error }, 'the control state could not be read; the previous one keeps serving');
    }
    // Of a store that never answered nothing was confirmed: the oldest there can be, not the newest.
    const ageMs = this.age() ?? stopwatch() - this.#startedAt;
    metrics.controlState({ revision: this.#snapshot?.revision ?? 0, ageMs });
  }

  #mustLoad(revision: number): boolean {
    const snapshot = this.#snapshot;
    return snapshot === null || snapshot.source === 'disk' || snapshot.revision !== revision;
  }

  async #holdForArtifacts(state: ControlState): Promise<void> {
    if (this.#shelf.missing(state).length === 0) return;
    this.#startFetching();
    await withDeadline(this.#fetching ?? Promise.resolve(), HOLD_MS, 'fetching').catch(() => undefined);
  }

  #startFetching(): void {
    const { logger, stopwatch } = this.#options;
    this.#fetching ??= this.#fetchMissing()
      .catch((error: unknown) => logger.warn({ error }, 'the control state could not be served'))
      .finally(() => {
        this.#fetching = null;
        this.#fetchedAt = stopwatch();
        this.#tellReplica();
      });
  }

  /** One after the other, each once, for whatever state is the newest. */
  async #fetchMissing(): Promise<void> {
    const { stopwatch } = this.#options;
    const tried = new Set<string>();
    let servedAt = stopwatch();
    let hasNew = false;
    const serve = (): void => {
      if (hasNew && this.#wanted !== null) this.#replace(this.#wanted, 'store');
      hasNew = false;
      servedAt = stopwatch();
    };
    for (let state: ControlState | null = null; state !== this.#wanted && this.#wanted !== null;) {
      state = this.#wanted;
      for (const [hash, at] of this.#shelf.missing(state)) {
        if (this.#isStopped) return;
        if (state !== this.#wanted) break;
        if (tried.has(hash)) continue;
        tried.add(hash);
        hasNew = (await this.#shelf.fetch(hash, at)) || hasNew;
        if (stopwatch() - servedAt >= HOLD_MS) serve();
      }
    }
    serve();
  }

  /** While artifacts are fetched this replica is not yet where the store is. What was refused it will not wait for. */
  #tellReplica(): void {
    const snapshot = this.#snapshot;
    this.#sign.tell(this.#fetching === null && snapshot?.source === 'store' ? snapshot.revision : null);
  }

  #startCounters({ surfaces }: ControlState): void {
    for (const { tenant, surface } of surfaces)
      this.#options.metrics.surfaceServed({ tenant, surface: surface.name, nullAction: surface.nullAction });
  }

  /** Before the store is asked: it may be away, and then this is the only way to kill a surface. */
  #lookAtBreakGlass(): void {
    const { breakGlass, clock, logger, metrics } = this.#options;
    if (breakGlass === undefined) return;
    try {
      const killed = breakGlass.killed();
      metrics.breakGlass(killed.length);
      if (killed.length === this.#killedHere.size && killed.every((name) => this.#killedHere.has(name)))
        return;
      this.#killedHere = new Set(killed);
      this.#untold.push({ at: clock(), killed });
      logger.warn({ killed }, 'the break-glass file changed: these surfaces are killed on this process');
      if (this.#snapshot !== null) this.#compile(this.#snapshot.state, this.#snapshot.source);
    } catch (error) {
      logger.warn({ error }, 'the break-glass file cannot be read; what it said last holds');
    }
  }

  async #tellAudit(): Promise<void> {
    const { control, replicaId, deadlineMs } = this.#options;
    while (this.#untold.length > 0) {
      const [note] = this.#untold;
      await withDeadline(
        control.noteBreakGlass?.(replicaId, note) ?? Promise.resolve(),
        deadlineMs,
        'auditing the break-glass file',
      );
      this.#untold.shift();
    }
  }

  #compile(state: ControlState, source: 'store' | 'disk'): ServingSnapshot {
    const { drawKey, logger, metrics } = this.#options;
    const loader = new CachingPolicyLoader(this.#shelf.artifacts, this.#compiled, this.#shelf.refused, {
      logger,
      metrics,
    });
    const context = { loader, drawKey, source, killedHere: this.#killedHere };
    const next = compileSnapshot(state, context, this.#snapshot);
    this.#snapshot = next;
    this.#compiled = loader.compiled;
    return next;
  }

  #replace(state: ControlState, source: 'store' | 'disk'): void {
    const { lastGood, logger } = this.#options;
    const next = this.#compile(state, source);
    this.#shelf.keepOnly(next);
    logger.info(
      { revision: next.revision, source, surfaces: state.surfaces.length },
      'control state replaced',
    );
    if (source === 'disk') return;
    const { artifacts, signatures } = this.#shelf;
    this.#saving = this.#saving
      .then(() => lastGood.save(lastGoodState(next, signatures), artifacts))
      .catch((error: unknown) => logger.warn({ error }, 'the last good copy could not be written'));
  }

  async #loadFromDisk(): Promise<void> {
    const { lastGood, logger } = this.#options;
    try {
      const copy = await lastGood.load();
      if (copy === null) return;
      this.#startCounters(copy.state);
      this.#shelf.takeCopies(copy.state, copy.artifacts);
      this.#replace(copy.state, 'disk');
    } catch (error) {
      logger.warn({ error }, 'the last good copy on the disk was refused');
    }
  }
}
