import { resolve } from 'node:path';
import { z } from 'zod';
import { violation } from '../core/check.ts';
import { AllotError, type Violation } from '../core/errors.ts';
import { logLevels } from '../observability/log-level.ts';
import type { AllotConfig, KafkaConfig } from './config.ts';
import { certificatesRule } from './certificates.ts';
import { DEFAULT_RATE_LIMITS, rateLimitsRule } from './rate-limits.ts';

/** One setting: how its text is read, what stands in when it is unset, and what it is for. */
interface Setting {
  readonly rule: z.ZodType;
  /** Shown in `docs/operations.md`; null where nothing stands in. */
  readonly fallback: string | null;
  readonly meaning: string;
}

const wholeNumber = (min: number, max: number): z.ZodType =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be between ${String(min)} and ${String(max)}`);
const text = z.string().min(1, 'must not be empty');
const oneOf = (...words: readonly string[]): z.ZodType =>
  z.string().refine((word) => words.includes(word), `must be one of ${words.join(', ')}`);
const flag = oneOf('true', 'false').transform((word) => word === 'true');
const MEBIBYTE = 1024 * 1024;

/** Every variable that Allot reads. `docs/operations.md` repeats this table and a test compares the two. */
export const settings = {
  ALLOT_DATA_DIR: {
    rule: text,
    fallback: './.allot',
    meaning: 'journal, secrets, last good state, embedded database, snapshots',
  },
  ALLOT_HOST: { rule: text, fallback: '127.0.0.1', meaning: 'address to listen on' },
  ALLOT_HTTP_PORT: {
    rule: wholeNumber(0, 65_535),
    fallback: '8787',
    meaning: 'port of the HTTP API; 0 takes any free one',
  },
  ALLOT_METRICS_PORT: {
    rule: wholeNumber(0, 65_535),
    fallback: null,
    meaning:
      'port on which ingest and the controller, where they run alone, answer /metrics and /health/live',
  },
  ALLOT_BODY_LIMIT_BYTES: {
    rule: wholeNumber(1024, 64 * MEBIBYTE),
    fallback: '1048576',
    meaning: 'largest request body',
  },
  ALLOT_RATE_LIMITS: {
    rule: rateLimitsRule,
    fallback: DEFAULT_RATE_LIMITS,
    meaning:
      'requests per second and burst, by role or key id, in each process; what is not named keeps its default',
  },
  ALLOT_SECURE_COOKIES: {
    rule: flag,
    fallback: 'true',
    meaning:
      'the session of the pages is kept for TLS, except on loopback; false where they are opened over plain HTTP from another host',
  },
  DATABASE_URL: {
    rule: text.regex(/^postgres(ql)?:\/\//, 'must start with postgres:// or postgresql://'),
    fallback: null,
    meaning: 'PostgreSQL to use; unset: the embedded one',
  },
  KAFKA_BROKERS: {
    rule: text.regex(/^[^\s,]+:\d+(,[^\s,]+:\d+)*$/, 'must be host:port, separated by commas'),
    fallback: null,
    meaning: 'brokers to use; unset: the local journal feeds ingest',
  },
  KAFKA_CLIENT_ID: { rule: text, fallback: 'allot', meaning: 'client id shown to the brokers' },
  KAFKA_GROUP_ID: { rule: text, fallback: 'allot-ingest', meaning: 'consumer group of ingest' },
  KAFKA_SSL: { rule: flag, fallback: 'false', meaning: 'TLS to the brokers' },
  KAFKA_SSL_CA: {
    rule: certificatesRule,
    fallback: null,
    meaning: 'PEM file of the authority that signed the brokers’ certificates, where it is a private one',
  },
  KAFKA_SASL_MECHANISM: {
    rule: oneOf('plain', 'scram-sha-256', 'scram-sha-512'),
    fallback: null,
    meaning: 'how to log in to the brokers; needs the two settings below',
  },
  KAFKA_SASL_USERNAME: { rule: text, fallback: null, meaning: 'user name for the brokers' },
  KAFKA_SASL_PASSWORD: { rule: text, fallback: null, meaning: 'password for the brokers' },
  ALLOT_JOURNAL_SYNC: {
    rule: oneOf('group', 'commit'),
    fallback: 'group',
    meaning: 'fdatasync every 20 ms, or before each answer',
  },
  ALLOT_JOURNAL_DIR: { rule: text, fallback: '<data>/journal', meaning: 'where the journal is kept' },
  ALLOT_JOURNAL_MAX_BYTES: {
    rule: wholeNumber(MEBIBYTE, 2 ** 43),
    fallback: '4294967296',
    meaning: 'size at which the journal takes no more',
  },
  ALLOT_JOURNAL_SEGMENT_BYTES: {
    rule: wholeNumber(4096, 2 ** 31),
    fallback: '67108864',
    meaning: 'size of one journal file',
  },
  ALLOT_CONTROL_POLL_MS: {
    rule: wholeNumber(50, 2000),
    fallback: '1000',
    meaning: 'how often deciders look for changes',
  },
  ALLOT_CONTROL_MAX_STALENESS_MS: {
    rule: wholeNumber(1000, 86_400_000),
    fallback: '60000',
    meaning: 'age of the control state after which /health/ready says so',
  },
  ALLOT_LOOK_INTERVAL_MS: {
    rule: wholeNumber(100, 3_600_000),
    fallback: '30000',
    meaning: 'pause between two looks at the running experiments',
  },
  ALLOT_LOG_LEVEL: { rule: oneOf(...logLevels), fallback: 'info', meaning: logLevels.join(', ') },
  ALLOT_SECRETS_FILE: {
    rule: text,
    fallback: '<data>/secrets.json',
    meaning: 'the four secrets; made on first use with mode 0600',
  },
  ALLOT_PSEUDONYMOUS_UNITS: {
    rule: flag,
    fallback: 'false',
    meaning: 'store units under keyed pseudonyms instead of the ids that are sent',
  },
  ALLOT_ARTIFACT_PUBLIC_KEYS: {
    rule: text,
    fallback: null,
    meaning: 'file of Ed25519 public keys (PEM); deciders then refuse artifacts that none of them has signed',
  },
  ALLOT_ARTIFACT_SIGNING_KEY: {
    rule: text,
    fallback: null,
    meaning: 'file of an Ed25519 private key (PEM, mode 0600) that signs what this process publishes',
  },
} as const satisfies Record<string, Setting>;

type SettingName = keyof typeof settings;

/** Kubernetes sets these for a Service named `allot`; they are not ours and mean nothing to us. */
const injectedByKubernetes = /^ALLOT_(PORT|SERVICE_[A-Z0-9_]+|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;

/**
 * The only reader of the environment. Unset → default; set but invalid, or an unknown `ALLOT_*` name →
 * `config_invalid` that names every such variable and its rule, never its value.
 */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): AllotConfig {
  const broken: Violation[] = unknownNames(environment).map((name) =>
    violation(name, `is not a setting of Allot${suggestion(name)}`),
  );
  const values = readSettings(environment, broken);
  const kafka = kafkaOf(values, broken);
  if (numberOf(values.ALLOT_JOURNAL_SEGMENT_BYTES) > numberOf(values.ALLOT_JOURNAL_MAX_BYTES)) {
    broken.push(violation('ALLOT_JOURNAL_SEGMENT_BYTES', 'must not exceed ALLOT_JOURNAL_MAX_BYTES'));
  }
  if (broken.length > 0) throw refusal(broken);
  return deepFreeze(configOf(values, kafka));
}

type Values = Readonly<Record<SettingName, unknown>>;
const stringOf = (value: unknown): string => value as string;
const fileOf = (value: unknown): string | null => (value === undefined ? null : resolve(stringOf(value)));
const numberOf = (value: unknown): number => value as number;

function readSettings(environment: NodeJS.ProcessEnv, broken: Violation[]): Values {
  const values: Partial<Record<SettingName, unknown>> = {};
  for (const [name, { rule, fallback }] of Object.entries(settings) as [SettingName, Setting][]) {
    const raw = environment[name] ?? fallback;
    if (raw === null) continue;
    const parsed = rule.safeParse(raw);
    if (parsed.success) values[name] = parsed.data;
    else broken.push(violation(name, parsed.error.issues[0]?.message ?? 'is not valid'));
  }
  return values as Values;
}

function configOf(values: Values, kafka: KafkaConfig | null): AllotConfig {
  const dataDir = resolve(stringOf(values.ALLOT_DATA_DIR));
  const under = (path: unknown): string => resolve(stringOf(path).replace(/^<data>/, dataDir));
  return {
    dataDir,
    http: {
      host: stringOf(values.ALLOT_HOST),
      port: numberOf(values.ALLOT_HTTP_PORT),
      bodyLimitBytes: numberOf(values.ALLOT_BODY_LIMIT_BYTES),
      rateLimits: values.ALLOT_RATE_LIMITS as AllotConfig['http']['rateLimits'],
      pages: { isDemo: false, hasSecureCookies: values.ALLOT_SECURE_COOKIES as boolean },
    },
    metricsPort: values.ALLOT_METRICS_PORT === undefined ? null : numberOf(values.ALLOT_METRICS_PORT),
    databaseUrl: values.DATABASE_URL === undefined ? null : stringOf(values.DATABASE_URL),
    kafka,
    journal: {
      directory: under(values.ALLOT_JOURNAL_DIR),
      sync: values.ALLOT_JOURNAL_SYNC as 'group' | 'commit',
      maxBytes: numberOf(values.ALLOT_JOURNAL_MAX_BYTES),
      segmentBytes: numberOf(values.ALLOT_JOURNAL_SEGMENT_BYTES),
    },
    control: {
      pollMs: numberOf(values.ALLOT_CONTROL_POLL_MS),
      maxStalenessMs: numberOf(values.ALLOT_CONTROL_MAX_STALENESS_MS),
    },
    lookIntervalMs: numberOf(values.ALLOT_LOOK_INTERVAL_MS),
    logLevel: values.ALLOT_LOG_LEVEL as AllotConfig['logLevel'],
    secretsFile: under(values.ALLOT_SECRETS_FILE),
    pseudonymousUnits: values.ALLOT_PSEUDONYMOUS_UNITS as boolean,
    artifacts: {
      publicKeys: fileOf(values.ALLOT_ARTIFACT_PUBLIC_KEYS),
      signingKey: fileOf(values.ALLOT_ARTIFACT_SIGNING_KEY),
    },
  };
}

function kafkaOf(values: Values, broken: Violation[]): KafkaConfig | null {
  const {
    KAFKA_SASL_MECHANISM: mechanism,
    KAFKA_SASL_USERNAME: username,
    KAFKA_SASL_PASSWORD: password,
  } = values;
  const given = [mechanism, username, password].filter((part) => part !== undefined).length;
  if (given !== 0 && given !== 3) {
    broken.push(violation('KAFKA_SASL_*', 'mechanism, username and password must be set together'));
  }
  const sslCa = values.KAFKA_SSL_CA as string | undefined;
  if (sslCa !== undefined && values.KAFKA_SSL !== true)
    broken.push(violation('KAFKA_SSL_CA', 'needs KAFKA_SSL=true'));
  if (values.KAFKA_BROKERS === undefined) return null;
  return {
    brokers: stringOf(values.KAFKA_BROKERS).split(','),
    clientId: stringOf(values.KAFKA_CLIENT_ID),
    groupId: stringOf(values.KAFKA_GROUP_ID),
    ssl: values.KAFKA_SSL as boolean,
    ...(sslCa === undefined ? {} : { sslCa }),
    sasl: given === 3 ? ({ mechanism, username, password } as NonNullable<KafkaConfig['sasl']>) : null,
    decisionsTopic: 'allot.decisions.v1',
    feedbackTopic: 'allot.feedback.v1',
  };
}

function unknownNames(environment: NodeJS.ProcessEnv): string[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith('ALLOT_') && !(name in settings) && !injectedByKubernetes.test(name))
    .sort();
}

/** The setting that begins most like it, if they share more than the prefix that all have. */
function suggestion(name: string): string {
  const shared = (other: string): number => {
    let length = 0;
    while (length < other.length && other[length] === name[length]) length += 1;
    return length;
  };
  const best = Object.keys(settings).sort((a, b) => shared(b) - shared(a))[0] ?? '';
  return shared(best) > 'ALLOT_'.length + 1 ? `; did you mean ${best}?` : '';
}

function refusal(broken: readonly Violation[]): AllotError {
  const lines = broken.map(({ field, rule }) => `${field} ${rule}`);
  return new AllotError('config_invalid', lines.join('; '), { violations: broken });
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value))
    if (typeof inner === 'object' && inner !== null) deepFreeze(inner);
  return Object.freeze(value);
}

/**
 * The environment of a child process: ours, with the settings written from our *config*, so that child and parent mean
 * the same database, data directory and secrets whatever flags changed after the environment was read.
 */
export function childEnvironment(
  config: AllotConfig,
  databaseUrl: string,
  environment: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, string>> {
  const kept = Object.entries(environment).flatMap(([name, value]) =>
    value === undefined || name in settings ? [] : [[name, value] as const],
  );
  return {
    ...Object.fromEntries(kept),
    DATABASE_URL: databaseUrl,
    ALLOT_DATA_DIR: config.dataDir,
    ALLOT_SECRETS_FILE: config.secretsFile,
    ALLOT_LOG_LEVEL: config.logLevel,
    ALLOT_PSEUDONYMOUS_UNITS: String(config.pseudonymousUnits),
    ...artifactKeySettings(config.artifacts),
    ...tensorFlowSettings,
  };
}

const artifactKeySettings = ({ publicKeys, signingKey }: AllotConfig['artifacts']) => ({
  ...(publicKeys === null ? {} : { ALLOT_ARTIFACT_PUBLIC_KEYS: publicKeys }),
  ...(signingKey === null ? {} : { ALLOT_ARTIFACT_SIGNING_KEY: signingKey }),
});

/** No chatter about CPU features; one thread per process is the fastest, and makes sums repeatable. */
const tensorFlowSettings = { TF_CPP_MIN_LOG_LEVEL: '2', TF_NUM_INTRAOP_THREADS: '1' } as const;

/** For a process that is about to load TensorFlow itself; what the user has set stays. */
export function prepareForTensorFlow(environment: NodeJS.ProcessEnv = process.env): void {
  for (const [name, value] of Object.entries(tensorFlowSettings)) environment[name] ??= value;
}
