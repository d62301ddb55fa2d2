import { hash } from 'node:crypto';
import { decodeArtifact } from '../../core/policy/codec.ts';
import { compilePolicy, type Policy } from '../../core/policy/policy.ts';
import type { Surface } from '../../core/surface/surface.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics, TenantSurface } from '../ports/metrics.ts';

/** The surface that a policy is to serve. */
interface PolicyPlace {
  readonly tenant: string;
  readonly surface: Surface;
}

/** Turns artifacts into policies; a damaged or foreign one gives null, is counted, and is logged once. */
export interface PolicyLoader {
  policy(artifactHash: string, of: PolicyPlace): Policy | null;
}

/** Keeps what was compiled before: a change of one surface must not recompile a thousand others. */
export class CachingPolicyLoader implements PolicyLoader {
  readonly #artifacts: ReadonlyMap<string, Uint8Array>;
  readonly #previous: ReadonlyMap<string, Policy>;
  readonly #refused: Set<string>;
  readonly #report: { readonly logger: Logger; readonly metrics: Metrics };
  readonly compiled = new Map<string, Policy>();

  constructor(
    artifacts: ReadonlyMap<string, Uint8Array>,
    previous: ReadonlyMap<string, Policy>,
    refused: Set<string>,
    report: { readonly logger: Logger; readonly metrics: Metrics },
  ) {
    this.#artifacts = artifacts;
    this.#previous = previous;
    this.#refused = refused;
    this.#report = report;
  }

  policy(artifactHash: string, { tenant, surface }: PolicyPlace): Policy | null {
    const key = `${artifactHash}\n${JSON.stringify(surface)}`;
    const known = this.compiled.get(key) ?? this.#previous.get(key);
    if (known !== undefined) {
      this.compiled.set(key, known);
      return known;
    }
    const bytes = this.#artifacts.get(artifactHash);
    if (bytes === undefined) return null;
    try {
      const policy = compilePolicy(decodeArtifact(bytes), surface);
      this.compiled.set(key, policy);
      return policy;
    } catch (error) {
      this.#refuse(key, artifactHash, { tenant, surface: surface.name }, error);
      return null;
    }
  }

  #refuse(key: string, artifactHash: string, at: TenantSurface, error: unknown): void {
    if (this.#refused.has(key)) return;
    this.#refused.add(key);
    this.#report.metrics.artifactRefused(at);
    this.#report.logger.error({ artifactHash, ...at, error }, 'a policy artifact was refused at load');
  }
}

/** SHA-256 over all bytes, hex: the name under which an artifact is stored. */
export const artifactHashOf = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex');
