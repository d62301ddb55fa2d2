import { describe, expect, it } from 'vitest';
import { readConfig, settings } from '../../src/config/env.ts';
import { AllotError } from '../../src/core/errors.ts';

function refusalOf(environment: NodeJS.ProcessEnv): AllotError {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof AllotError) return error;
    throw error;
  }
  throw new Error('the environment was accepted');
}

describe('readConfig', () => {
  it('fills an empty environment with defaults that stay on this machine', () => {
    const config = readConfig({});
    expect(config.http).toMatchObject({ host: '127.0.0.1', port: 8787, bodyLimitBytes: 1_048_576 });
    expect(config.http.rateLimits.decider).toEqual({ perSecond: 20_000, burst: 40_000 });
    expect(config.databaseUrl).toBeNull();
    expect(config.lookIntervalMs).toBe(30_000);
    expect(config.kafka).toBeNull();
    expect(config.journal.directory).toBe(`${config.dataDir}/journal`);
    expect(config.secretsFile).toBe(`${config.dataDir}/secrets.json`);
  });

  it('answers with an object that cannot be changed', () => {
    const config = readConfig({ KAFKA_BROKERS: 'a:1' });
    expect(() => ((config.http as { port: number }).port = 1)).toThrow(TypeError);
    expect(() => (config.kafka?.brokers as string[]).push('b:2')).toThrow(TypeError);
  });

  it.each([
    ['ALLOT_HTTP_PORT', '70000'],
    ['ALLOT_HTTP_PORT', '80a'],
    ['ALLOT_HTTP_PORT', ''],
    ['ALLOT_JOURNAL_SYNC', 'sometimes'],
    ['ALLOT_LOG_LEVEL', 'verbose'],
    ['ALLOT_CONTROL_POLL_MS', '-1'],
    ['ALLOT_LOOK_INTERVAL_MS', '99'],
    ['ALLOT_DATA_DIR', ''],
    ['DATABASE_URL', 'mysql://top-secret@db/x'],
    ['KAFKA_BROKERS', 'host-without-port'],
    ['KAFKA_SSL', 'yes'],
    ['ALLOT_PSEUDONYMOUS_UNITS', 'maybe'],
    ['ALLOT_ARTIFACT_PUBLIC_KEYS', ''],
    ['ALLOT_ARTIFACT_SIGNING_KEY', ''],
    ['ALLOT_RATE_LIMITS', 'everybody=5'],
    ['ALLOT_RATE_LIMITS', 'decider=0'],
    ['ALLOT_RATE_LIMITS', 'decider=5/0'],
  ])('refuses %s=%j, naming the variable and the rule but not the value', (name, value) => {
    const refusal = refusalOf({ [name]: value });
    expect(refusal.code).toBe('config_invalid');
    expect(refusal.violations.map((v) => v.field)).toEqual([name]);
    expect(refusal.violations[0]?.rule).not.toBe('');
    expect(refusal.violations[0]).not.toHaveProperty('value');
    if (value.length > 3) expect(refusal.message).not.toContain(value);
  });

  it('a rate limit that is not named keeps its default; without a burst it is one second long', () => {
    const { rateLimits } = readConfig({
      ALLOT_RATE_LIMITS: 'decider=50,key_1a2b=7/9,admin=unlimited',
    }).http;
    expect(rateLimits).toMatchObject({
      decider: { perSecond: 50, burst: 50 },
      key_1a2b: { perSecond: 7, burst: 9 },
      admin: null,
      reader: { perSecond: 200, burst: 400 },
    });
  });

  it('names every broken setting at once', () => {
    const refusal = refusalOf({ ALLOT_HTTP_PORT: 'x', ALLOT_LOG_LEVEL: 'x', ALLOT_FOO: '1' });
    expect(refusal.violations.map((v) => v.field)).toEqual([
      'ALLOT_FOO',
      'ALLOT_HTTP_PORT',
      'ALLOT_LOG_LEVEL',
    ]);
  });

  it('refuses an unknown ALLOT_ name and offers the nearest setting', () => {
    expect(refusalOf({ ALLOT_JOURNAL_DIRECTORY: '/x' }).message).toContain('did you mean ALLOT_JOURNAL_DIR');
  });

  it('lets pass what Kubernetes injects for a service named allot', () => {
    const injected = {
      ALLOT_PORT: 'tcp://10.0.0.1:8787',
      ALLOT_SERVICE_HOST: '10.0.0.1',
      ALLOT_SERVICE_PORT: '8787',
      ALLOT_SERVICE_PORT_HTTP: '8787',
      ALLOT_PORT_8787_TCP: 'tcp://10.0.0.1:8787',
      ALLOT_PORT_8787_TCP_PROTO: 'tcp',
      ALLOT_PORT_8787_TCP_PORT: '8787',
      ALLOT_PORT_8787_TCP_ADDR: '10.0.0.1',
    };
    expect(readConfig(injected)).toEqual(readConfig({}));
  });

  it('ignores variables of other programs', () => {
    expect(readConfig({ PATH: '/bin', NODE_ENV: 'production' })).toEqual(readConfig({}));
  });

  it('reads brokers and their log-in together', () => {
    const sasl = {
      KAFKA_SASL_MECHANISM: 'scram-sha-512',
      KAFKA_SASL_USERNAME: 'u',
      KAFKA_SASL_PASSWORD: 'p',
    };
    const { kafka } = readConfig({ KAFKA_BROKERS: 'a:1,b:2', ...sasl });
    expect(kafka?.brokers).toEqual(['a:1', 'b:2']);
    expect(kafka?.sasl).toEqual({ mechanism: 'scram-sha-512', username: 'u', password: 'p' });
    expect(refusalOf({ KAFKA_BROKERS: 'a:1', KAFKA_SASL_USERNAME: 'u' }).violations[0]?.field).toBe(
      'KAFKA_SASL_*',
    );
  });

  it('has a default for every setting that accepts its own rule', () => {
    for (const [name, { fallback, rule }] of Object.entries(settings)) {
      if (fallback !== null) expect(rule.safeParse(fallback).success, name).toBe(true);
    }
  });
});
