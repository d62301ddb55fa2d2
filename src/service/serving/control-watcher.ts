import type { Policy } from '../../core/policy/policy.ts';
import type { BreakGlass } from '../ports/break-glass.ts';
import type { ArtifactSignature, ControlReader, ControlState, LastGoodCopy } from '../ports/control.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics, TenantSurface } from '../ports/metrics.ts';
import type { ArtifactTrust } from '../registry/artifact-signatures.ts';
import { withDeadline } from './deadline.ts';
import { lastGoodState } from './last-good-state.ts';
import { artifactHashOf, CachingPolicyLoader } from './policy-loader.ts';
import { compileSnapshot, type ServingSnapshot } from './serving-snapshot.ts';

export interface WatcherOptions {
  readonly control: ControlReader;
  readonly lastGood: LastGoodCopy;
  readonly breakGlass?: BreakGlass;
  readonly drawKey: Uint8Array;
  /** Absent: artifacts need no signature. */
  readonly trust?: ArtifactTrust | undefined;
  readonly clock: () => number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly replicaId: string;
  readonly pollMs: number;
  readonly deadlineMs: number;
}

/** An artifact that could not be fetched is tried again after this long, not at every poll. */
const retryIncompleteMs = 5000;

/**
 * Keeps the serving snapshot fresh. States: empty → disk (last good copy) → store; once from the store it only
 * moves to newer states of the store. A failed load changes nothing: the previous snapshot keeps serving.
 */
export class ControlWatcher {
  readonly #options: WatcherOptions;
  #snapshot: ServingSnapshot | null = null;
  /** Their bytes match their hash, and they are signed where signatures are asked for. */
  #artifacts = new Map<string, Uint8Array>();
  #signatures = new Map<string, readonly ArtifactSignature[]>();
  #compiled: ReadonlyMap<string, Policy> = new Map();
  readonly #refused = new Set<string>();
  readonly #startedAt: number;
  #confirmedAt: number | null = null;
  #loadedAt = 0;
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
    this.#startedAt = options.clock();
  }

  get snapshot(): ServingSnapshot | null {
    return this.#snapshot;
  }

  /** Milliseconds since the store last confirmed the revision served; null while it never did. */
  age(): number | null {
    return this.#confirmedAt === null ? null : this.#options.clock() - this.#confirmedAt;
  }

  /** Resolves after the first attempt, whether or not the store answered. */
  async start(): Promise<void> {
    await this.#loadFromDisk();
    await this.refresh();
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
    const { control, clock, logger, metrics, deadlineMs } = this.#options;
    this.#lookAtBreakGlass();
    try {
      const revision = await withDeadline(control.revision(), deadlineMs, 'reading the control revision');
      const now = clock();
      if (this.#mustLoad(revision, now)) {
        const state = await withDeadline(control.load(), deadlineMs, 'loading the control state');
        this.#loadedAt = now;
        this.#startCounters(state);
        await this.#fetchArtifacts(state);
        this.#replace(state, 'store');
      }
      this.#confirmedAt = clock();
      await this.#tellAudit();
    } catch (error) {
      metrics.controlLoadFailed();
      logger.warn({ error }, 'the control state could not be read; the previous one keeps serving');
    }
    // Of a store that never answered nothing was confirmed: the oldest there can be, not the newest.
    const ageMs = this.age() ?? clock() - this.#startedAt;
    metrics.controlState({ revision: this.#snapshot?.revision ?? 0, ageMs });
  }

  #mustLoad(revision: number, now: number): boolean {
    const snapshot = this.#snapshot;
    if (snapshot === null || snapshot.source === 'disk' || snapshot.revision !== revision) return true;
    return !snapshot.isComplete && now - this.#loadedAt >= retryIncompleteMs;
  }

  async #fetchArtifacts(state: ControlState): Promise<void> {
    for (const [artifactHash, { signatures, at }] of artifactsOf(state)) {
      if (!this.#artifacts.has(artifactHash)) {
        if (!this.#isTrusted(artifactHash, signatures, at)) continue;
        const bytes = await this.#fetchArtifact(artifactHash, at);
        if (bytes === null) continue;
        this.#artifacts.set(artifactHash, bytes);
      }
      this.#signatures.set(artifactHash, signatures);
    }
  }

  #startCounters({ surfaces }: ControlState): void {
    for (const { tenant, surface } of surfaces)
      this.#options.metrics.surfaceServed({ tenant, surface: surface.name, nullAction: surface.nullAction });
  }

  /** Before the bytes are fetched: what nobody trusted has signed is not even read. */
  #isTrusted(artifactHash: string, signatures: readonly ArtifactSignature[], at: TenantSurface): boolean {
    const { trust, logger, metrics } = this.#options;
    if (trust === undefined || trust.signedBy(artifactHash, signatures) !== null) return true;
    const keyIds = signatures.map(({ keyId }) => keyId);
    const refusal = `unsigned ${artifactHash} ${keyIds.join(' ')}`;
    if (!this.#refused.has(refusal)) {
      this.#refused.add(refusal);
      metrics.artifactRefused(at);
      logger.error(
        { artifactHash, ...at, keyIds },
        'a policy artifact was refused: no trusted key has signed it',
      );
    }
    return false;
  }

  async #fetchArtifact(artifactHash: string, at: TenantSurface): Promise<Uint8Array | null> {
    const { control, deadlineMs, logger, metrics } = this.#options;
    try {
      const bytes = await withDeadline(control.loadArtifact(artifactHash), deadlineMs, 'loading an artifact');
      if (artifactHashOf(bytes) === artifactHash) return bytes;
      if (!this.#refused.has(artifactHash)) {
        this.#refused.add(artifactHash);
        metrics.artifactRefused(at);
        logger.error(
          { artifactHash, ...at },
          'a policy artifact was refused: its bytes do not match its hash',
        );
      }
    } catch (error) {
      logger.warn({ artifactHash, error }, 'a policy artifact could not be fetched');
    }
    return null;
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
    const loader = new CachingPolicyLoader(this.#artifacts, this.#compiled, this.#refused, {
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
    const { control, lastGood, logger, replicaId } = this.#options;
    const next = this.#compile(state, source);
    this.#forgetUnused(next);
    logger.info(
      { revision: next.revision, source, surfaces: state.surfaces.length },
      'control state replaced',
    );
    if (source === 'disk') return;
    const warn = (message: string) => (error: unknown) => logger.warn({ error }, message);
    lastGood
      .save(lastGoodState(next, this.#signatures), this.#artifacts)
      .catch(warn('the last good copy could not be written'));
    control.confirm(replicaId, next.revision).catch(warn('the revision served could not be confirmed'));
  }

  #forgetUnused(snapshot: ServingSnapshot): void {
    const used = new Set<string | null>([...snapshot.champions.values()].map((champion) => champion.hash));
    for (const { policies } of snapshot.state.surfaces) for (const p of policies) used.add(p.artifactHash);
    this.#artifacts = new Map([...this.#artifacts].filter(([artifactHash]) => used.has(artifactHash)));
    this.#signatures = new Map([...this.#signatures].filter(([artifactHash]) => used.has(artifactHash)));
  }

  async #loadFromDisk(): Promise<void> {
    const { lastGood, logger } = this.#options;
    try {
      const copy = await lastGood.load();
      if (copy === null) return;
      this.#startCounters(copy.state);
      // The disk is believed as little as the store: hash and signature are looked at again.
      for (const [artifactHash, { signatures, at }] of artifactsOf(copy.state)) {
        const bytes = copy.artifacts.get(artifactHash);
        if (bytes === undefined || artifactHashOf(bytes) !== artifactHash) continue;
        if (!this.#isTrusted(artifactHash, signatures, at)) continue;
        this.#artifacts.set(artifactHash, bytes);
        this.#signatures.set(artifactHash, signatures);
      }
      this.#replace(copy.state, 'disk');
    } catch (error) {
      logger.warn({ error }, 'the last good copy on the disk was refused');
    }
  }
}

/** The artifacts that a state refers to, once each. */
function artifactsOf(state: ControlState) {
  const found = new Map<string, { signatures: readonly ArtifactSignature[]; at: TenantSurface }>();
  for (const { tenant, policies, surface } of state.surfaces) {
    for (const { artifactHash, signatures = [] } of policies) {
      if (artifactHash !== null)
        found.set(artifactHash, { signatures, at: { tenant, surface: surface.name } });
    }
  }
  return found;
}
