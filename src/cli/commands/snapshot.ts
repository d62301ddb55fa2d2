import type { Command } from 'commander';
import { readConfig } from '../../config/env.ts';
import { AllotError } from '../../core/errors.ts';
import { createLogger } from '../../observability/logger.ts';
import { print, printJson } from '../output.ts';
import { createProgress } from '../progress.ts';

export function register(program: Command): void {
  program
    .command('snapshot')
    .description('freeze a time range of the log as a dataset (Parquet + manifest with a content hash)')
    .requiredOption('--surface <name>', 'which surface')
    .requiredOption('--out <dir>', 'folder for the parts and manifest.json')
    .option('--until <time>', 'decisions before this time (ISO 8601 or ms; default: now)')
    .option('--from <time>', 'decisions from this time on (default: the first)')
    .option('--as-of <time>', 'the log is known up to this time (default: --until)')
    .option('--behavior <version...>', 'only decisions of these policy versions')
    .option('--tenant <name>', 'whose surface', 'default')
    .option('--json', 'one object on standard output')
    .addHelpText(
      'after',
      '\nExample:\n  allot snapshot --surface live-feed --until 2026-01-31 --out data/january',
    )
    .action(snapshot);
}

interface SnapshotOptions {
  readonly surface: string;
  readonly out: string;
  readonly until?: string;
  readonly from?: string;
  readonly asOf?: string;
  readonly behavior?: readonly string[];
  readonly tenant: string;
  readonly json?: boolean;
}

async function snapshot(options: SnapshotOptions): Promise<void> {
  const until = options.until === undefined ? Date.now() : parseTime('--until', options.until);
  const asOf = options.asOf === undefined ? until : parseTime('--as-of', options.asOf);
  const { createSnapshot, summary } = await import('../../../offline/snapshot.ts');
  const { openStores } = await import('../local/stores.ts');
  const config = readConfig();
  const progress = createProgress({ quiet: options.json === true });
  const open = await openStores(config, createLogger(config.logLevel));
  try {
    progress.step(`reading decisions of ${options.surface}`);
    const manifest = await createSnapshot(open.stores, {
      tenant: options.tenant,
      surface: options.surface,
      directory: options.out,
      until,
      asOf,
      ...(options.from === undefined ? {} : { from: parseTime('--from', options.from) }),
      ...(options.behavior === undefined ? {} : { behaviorVersions: options.behavior }),
    });
    progress.done();
    if (options.json === true) printJson({ directory: options.out, ...summary(manifest) });
    else
      print(
        `${manifest.rows} rows of ${manifest.units} units in ${options.out} (${manifest.contentHash.slice(0, 12)}); ` +
          `left out: ${manifest.logHealth.undelivered} undelivered, ${manifest.logHealth.immature} immature, ` +
          `${manifest.logHealth.twins} twins, ${manifest.logHealth.foreign} foreign`,
      );
  } finally {
    await open.close();
  }
}

/** ISO 8601 (UTC where no zone is given) or milliseconds since the epoch. */
export function parseTime(flag: string, text: string): number {
  const ms = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (!Number.isFinite(ms))
    throw new AllotError('invalid_request', `${flag}: is an ISO 8601 time or milliseconds (sent: ${text})`);
  return ms;
}
