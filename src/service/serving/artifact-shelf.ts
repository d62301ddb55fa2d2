import type { ArtifactSignature, ControlReader, ControlState } from '../ports/control.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics, TenantSurface } from '../ports/metrics.ts';
import type { ArtifactTrust } from '../registry/artifact-signatures.ts';
import { withDeadline } from './deadline.ts';
import { artifactHashOf } from './policy-loader.ts';
import type { ServingSnapshot } from './serving-snapshot.ts';

export interface ShelfOptions {
  readonly control: Pick<ControlReader, 'loadArtifact'>;
  /** Absent: artifacts need no signature. */
  readonly trust?: ArtifactTrust | undefined;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** For the bytes of a large network over a slow line. Nothing waits for them but what is made of them. */
const FETCH_WITHIN_MS = 60_000;

/** The artifacts in memory: their bytes match their hash, and they are signed where signatures are asked for. */
export class ArtifactShelf {
  readonly #options: ShelfOptions;
  #artifacts = new Map<string, Uint8Array>();
  #signatures = new Map<string, readonly ArtifactSignature[]>();
  /** What was logged as refused: once is enough. */
  readonly refused = new Set<string>();

  constructor(options: ShelfOptions) {
    this.#options = options;
  }

  get artifacts(): ReadonlyMap<string, Uint8Array> {
    return this.#artifacts;
  }

  get signatures(): ReadonlyMap<string, readonly ArtifactSignature[]> {
    return this.#signatures;
  }

  /** What the state refers to and may be fetched, with a surface of each. What nobody trusted has signed is not even read. */
  missing(state: ControlState): readonly (readonly [hash: string, at: TenantSurface])[] {
    return [...artifactsOf(state)]
      .filter(([hash, { signatures, at }]) => {
        return !this.#artifacts.has(hash) && this.#isTrusted(hash, signatures, at);
      })
      .map(([hash, { at }]) => [hash, at]);
  }

  /** Those of `missing` that may still come: not the ones whose bytes were looked at and refused. */
  awaited(state: ControlState): ReadonlySet<string> {
    return new Set(
      this.missing(state)
        .map(([hash]) => hash)
        .filter((hash) => !this.refused.has(hash)),
    );
  }

  /** Whether it is here now. */
  async fetch(artifactHash: string, at: TenantSurface): Promise<boolean> {
    const { control, logger, metrics } = this.#options;
    try {
      const loading = control.loadArtifact(artifactHash);
      const bytes = await withDeadline(loading, FETCH_WITHIN_MS, 'loading an artifact');
      if (artifactHashOf(bytes) === artifactHash) {
        this.#artifacts.set(artifactHash, bytes);
        return true;
      }
      if (!this.refused.has(artifactHash)) {
        this.refused.add(artifactHash);
        metrics.artifactRefused(at);
        logger.error(
          { artifactHash, ...at },
          'a policy artifact was refused: its bytes do not match its hash',
        );
      }
    } catch (error) {
      logger.warn({ artifactHash, error }, 'a policy artifact could not be fetched');
    }
    return false;
  }

  /** From the disk, which is believed as little as the store: hash and signature are looked at again. */
  takeCopies(state: ControlState, copies: ReadonlyMap<string, Uint8Array>): void {
    for (const [hash] of this.missing(state)) {
      const bytes = copies.get(hash);
      if (bytes !== undefined && artifactHashOf(bytes) === hash) this.#artifacts.set(hash, bytes);
    }
  }

  /** Keeps what the snapshot uses, with the signatures that its state tells. */
  keepOnly(snapshot: ServingSnapshot): void {
    const told = artifactsOf(snapshot.state);
    const used = new Set<string | null>([...snapshot.champions.values()].map((champion) => champion.hash));
    for (const hash of told.keys()) used.add(hash);
    this.#artifacts = new Map([...this.#artifacts].filter(([hash]) => used.has(hash)));
    this.#signatures = new Map(
      [...this.#artifacts.keys()].map((hash) => [
        hash,
        told.get(hash)?.signatures ?? this.#signatures.get(hash) ?? [],
      ]),
    );
  }

  #isTrusted(artifactHash: string, signatures: readonly ArtifactSignature[], at: TenantSurface): boolean {
    const { trust, logger, metrics } = this.#options;
    if (trust === undefined || trust.signedBy(artifactHash, signatures) !== null) return true;
    const keyIds = signatures.map(({ keyId }) => keyId);
    const refusal = `unsigned ${artifactHash} ${keyIds.join(' ')}`;
    if (!this.refused.has(refusal)) {
      this.refused.add(refusal);
      metrics.artifactRefused(at);
      logger.error(
        { artifactHash, ...at, keyIds },
        'a policy artifact was refused: no trusted key has signed it',
      );
    }
    return false;
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
