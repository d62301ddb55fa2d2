import type { Command } from 'commander';
import { readConfig } from '../../config/env.ts';
import { createLogger } from '../../observability/logger.ts';
import { handleShutdown, runUntilStopped } from '../../observability/shutdown.ts';
import { print } from '../output.ts';

export function register(program: Command): void {
  program
    .command('start')
    .description('run api, ingest and controller in one process')
    .option('--port <n>', 'port of the HTTP API (default: ALLOT_HTTP_PORT)', Number)
    .addHelpText(
      'after',
      `
Without settings: an embedded PostgreSQL and a local journal under ./.allot. DATABASE_URL and KAFKA_BROKERS take
yours instead. The first start prints an admin key; \`allot keys create\` makes more.

Examples:
  allot start
  allot start --port 0
  DATABASE_URL=postgres://allot@db/allot KAFKA_BROKERS=broker:9092 allot start

Exit codes: 0 stopped by a signal, 1 failed, 2 a setting breaks a rule (the message names it).`,
    )
    .action(start);
}

async function start(options: { readonly port?: number }): Promise<void> {
  const read = readConfig();
  const config = options.port === undefined ? read : { ...read, http: { ...read.http, port: options.port } };
  const logger = createLogger(config.logLevel);
  const shutdown = handleShutdown({ logger });
  await runUntilStopped(shutdown, logger, async () => {
    const { startAllot } = await import('../local/start-allot.ts');
    shutdown.signal.throwIfAborted();
    const starting = startAllot(config, { logger, signal: shutdown.signal });
    const close = async (): Promise<void> => (await starting.catch(() => null))?.close();
    shutdown.onStop('allot', close, { patienceMs: Infinity });
    const allot = await starting;
    print(`Allot answers on ${allot.url} (Ctrl-C stops it)`);
    const { adminKey } = await allot.ready;
    if (adminKey !== null) print(`Admin key, shown this once: ${adminKey}`);
  });
}
