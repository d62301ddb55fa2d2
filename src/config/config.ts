import type { LogLevel } from '../observability/log-level.ts';
import type { RateLimits } from '../service/serving/rate-limiter.ts';

/** Every setting, parsed once by `env.ts` into one frozen object. */
export interface AllotConfig {
  readonly dataDir: string;
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly bodyLimitBytes: number;
    readonly rateLimits: RateLimits;
    readonly pages: {
      /** Set by the demo alone, which prints a link with a key in it. */
      readonly isDemo: boolean;
      readonly hasSecureCookies: boolean;
    };
  };
  /** Of ingest and the controller where they run alone; null: they do not listen. */
  readonly metricsPort: number | null;
  /** null: the embedded server under `dataDir`. */
  readonly databaseUrl: string | null;
  /** null: no broker, ingest reads the journal. */
  readonly kafka: KafkaConfig | null;
  readonly journal: {
    readonly directory: string;
    readonly sync: 'group' | 'commit';
    readonly maxBytes: number;
    readonly segmentBytes: number;
  };
  readonly control: { readonly pollMs: number; readonly maxStalenessMs: number };
  /** Between two looks of the controller at the running experiments. */
  readonly lookIntervalMs: number;
  readonly logLevel: LogLevel;
  /** Keys of demo mode are made at start; otherwise `allot keys create`. */
  readonly secretsFile: string;
  /** Units are stored under keyed pseudonyms, and never as they were sent. */
  readonly pseudonymousUnits: boolean;
  readonly artifacts: ArtifactKeyFiles;
}

/** Files of Ed25519 keys in PEM; see `artifact-keys.ts`. */
export interface ArtifactKeyFiles {
  /** null: artifacts need no signature. */
  readonly publicKeys: string | null;
  /** null: what this process publishes is not signed. */
  readonly signingKey: string | null;
}

export interface KafkaConfig {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly groupId: string;
  readonly ssl: boolean;
  /** Certificates to trust, in PEM, where the public authorities do not know the brokers. */
  readonly sslCa?: string;
  readonly sasl: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  } | null;
  readonly decisionsTopic: string;
  readonly feedbackTopic: string;
}
