import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { AllotConfig } from '../../config/config.ts';
import type { Secrets } from '../../config/secrets.ts';
import { createRandom } from '../../core/math/random.ts';

export interface DemoOptions {
  readonly exit: boolean;
  readonly json: boolean;
  /** Units of the exploring log; the experiment may use up to twice as many fresh ones. */
  readonly units: number;
  readonly seed: number;
  readonly port: number;
  readonly dataDir: string | null;
  readonly keep: boolean;
}

export interface DemoPlace {
  readonly config: AllotConfig;
  /** The demo made the folder and removes it. */
  readonly isTemporary: boolean;
}

/** A fresh data folder unless one was named, loopback only, and few log lines: the demo reports for itself. */
export function demoPlace(config: AllotConfig, options: DemoOptions): DemoPlace {
  const isTemporary = options.dataDir === null;
  const dataDir =
    options.dataDir === null ? mkdtempSync(join(tmpdir(), 'allot-demo-')) : resolve(options.dataDir);
  return {
    isTemporary,
    config: {
      ...config,
      dataDir,
      http: {
        ...config.http,
        host: '127.0.0.1',
        port: options.port,
        pages: { ...config.http.pages, isDemo: true },
      },
      journal: { ...config.journal, directory: join(dataDir, 'journal') },
      control: { ...config.control, pollMs: 250 },
      logLevel: config.logLevel === 'info' ? 'warn' : config.logLevel,
      secretsFile: join(dataDir, 'secrets.json'),
    },
  };
}

/**
 * Secrets from the seed, so that draws and assignments of a temporary demo are the same every time. They protect
 * nothing: the demo listens on loopback, to one random key, with made-up units.
 */
export function seededSecrets(seed: number): Secrets {
  const random = createRandom(seed).fork('demo-secrets');
  const key = (): Uint8Array => Uint8Array.from({ length: 16 }, () => random.integer(256));
  return {
    drawKey: key(),
    assignmentKey: key(),
    pseudonymKey: key(),
    idKeys: [{ id: 1, key: key() }],
  };
}
