import type { Policy } from '../../core/policy/policy.ts';
import type { BreakGlass } from '../ports/break-glass.ts';
import type { ControlReader, ControlState, LastGoodCopy } from '../ports/control.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { ArtifactTrust } from '../registry/artifact-signatures.ts';
import { ArtifactFetcher } from './artifact-fetcher.ts';
import { ArtifactShelf } from './artifact-shelf.ts';
import { withDeadline } from './deadline.ts';
import { lastGoodState } from './last-good-state.ts';
import { CachingPolicyLoader } from './policy-loader.ts';
import { ReplicaSign } from './replica-sign.ts';
import { CHAMPION } from './served-surface.ts';
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

/** So that a process whose artifacts come at once serves them from its first answer on; the rest comes while it answers. */
const START_HOLD_MS = 5_000;

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
  readonly #fetcher: ArtifactFetcher;
  #compiled: ReadonlyMap<string, Policy> = new Map();
  /** The newest state of the store; the snapshot is made of it as soon as its artifacts are here or late. */
  #wanted: ControlState | null = null;
  readonly #startedAt: number;
  #confirmedAt: number | null = null;
  /** Had all that it could have, once since the start. */
  #wasWhole = false;
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
    this.#fetcher = new ArtifactFetcher({
      ...options,
      shelf: this.#shelf,
      wanted: () => this.#wanted,
      onFetched: (state) => this.#replace(state, 'store'),
      onQuiet: () => this.#tellReplica(),
    });
    this.#startedAt = options.stopwatch();
  }

  get snapshot(): ServingSnapshot | null {
    return this.#snapshot;
  }

  /** Milliseconds since the store last confirmed the revision served; null while it never did. */
  age(): number | null {
    return this.#confirmedAt === null ? null : this.#options.stopwatch() - this.#confirmedAt;
  }

  /**
   * How many surfaces answer with the safe action only because this process, since it was started, has not got their champion's
   * artifact. One that had everything once is no longer asked: a new surface must not take all replicas out of rotation at once.
   */
  awaitedChampions(): number {
    const snapshot = this.#snapshot;
    if (snapshot === null || this.#wasWhole) return 0;
    const awaited = this.#shelf.awaited(snapshot.state);
    return snapshot.state.surfaces.filter(({ tenant, surface, aliases, policies }) => {
      const hash = policies.find(({ version }) => version === aliases[CHAMPION])?.artifactHash ?? null;
      const served = snapshot.tenants.get(tenant)?.surfaces.get(surface.name);
      return hash !== null && awaited.has(hash) && served?.lastGoodChampion === null;
    }).length;
  }

  /** Resolves after the first attempt, whether or not the store answered. */
  async start(): Promise<void> {
    await this.#loadFromDisk();
    await this.refresh();
    await this.#fetcher.wait(START_HOLD_MS);
    this.#schedule();
    void this.#listen();
  }

  /** Polls now. Concurrent calls share a poll, but one that starts after a write never gets an older answer. */
  refresh(): Promise<void> {
    if (this.#running !== null) {
      this.#isAgain = true;
      return this.#running;
    }
    this.#running = this.#pollUntilQuiet();
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#fetcher.stop();
    clearTimeout(this.#timer);
    await this.#hints?.stop().catch(() => undefined);
    await this.#running?.catch(() => undefined);
    await this.#fetcher.wait(this.#options.deadlineMs);
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
    try {
      do {
        this.#isAgain = false;
        await this.#pollOnce();
      } while (this.#isAgain && !this.#isStopped);
    } finally {
      // In the same step as the last look at `isAgain`: whoever comes later begins a poll of their own.
      this.#running = null;
    }
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
      } else if (this.#snapshot?.isComplete === false) {
        this.#fetcher.startAgainInTime();
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
    this.#fetcher.start();
    await this.#fetcher.wait(HOLD_MS);
  }

  /** While an artifact has not come, this replica is not yet where the store is. What was refused it will not wait for. */
  #tellReplica(): void {
    if (this.#isStopped) return;
    const snapshot = this.#snapshot;
    const isWhole =
      snapshot?.source === 'store' &&
      !this.#fetcher.isRunning &&
      this.#shelf.awaited(snapshot.state).size === 0;
    this.#wasWhole ||= isWhole;
    this.#sign.tell(isWhole ? snapshot.revision : null);
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
