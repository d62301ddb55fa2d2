import { join } from 'node:path';
import type { Command } from 'commander';
import { AllotError } from '../../core/errors.ts';
import { timeOf } from '../../core/iso-time.ts';
import type { AllStores } from '../../service/ports/all-stores.ts';
import { print, printJson } from '../output.ts';
import { createProgress } from '../progress.ts';

export function register(program: Command): void {
  program
    .command('snapshot')
    .description('freeze a time range of the log as a dataset (Parquet + manifest with a content hash)')
    .option('--surface <name>', 'which surface')
    .option(
      '--out <dir>',
      'folder for the parts and manifest.json; one that holds another snapshot is refused',
    )
    .option('--replace', 'put this snapshot in the place of the one that --out holds')
    .option('--until <time>', 'decisions before this time (ISO 8601 or ms; default: now)')
    .option('--from <time>', 'decisions from this time on (default: the first)')
    .option('--as-of <time>', 'the log is known up to this time (default: now, or --until if later)')
    .option('--behavior <version...>', 'only decisions of these policy versions')
    .option('--run <id>', 'job mode: everything else comes from the stored run')
    .option('--tenant <name>', 'whose surface', 'default')
    .option('--json', 'one object on standard output')
    .addHelpText(
      'after',
      `
Kept are decisions that were delivered and whose response windows have closed; what is left out is counted.

Example:
  allot snapshot --surface live-feed --until 2026-01-31 --out data/january

Exit codes: 0 written, 1 failed, 2 bad input.`,
    )
    .action(snapshot);
}

interface SnapshotOptions {
  readonly surface?: string;
  readonly out?: string;
  readonly replace?: boolean;
  readonly until?: string;
  readonly from?: string;
  readonly asOf?: string;
  readonly behavior?: readonly string[];
  readonly run?: string;
  readonly tenant: string;
  readonly json?: boolean;
}

async function snapshot(options: SnapshotOptions): Promise<void> {
  const { withStores } = await import('../local/with-stores.ts');
  const result = await withStores((stores, config) =>
    options.run === undefined
      ? snapshotHere(options, stores)
      : snapshotRun(options, options.run, stores, join(config.dataDir, 'snapshots')),
  );
  if (options.json === true) printJson(result);
  else print(describe(result));
}

async function snapshotHere(options: SnapshotOptions, stores: AllStores): Promise<Record<string, unknown>> {
  const { surface, out, tenant } = options;
  if (surface === undefined || out === undefined)
    throw new AllotError(
      'invalid_request',
      '--surface and --out: are needed unless --run names a stored run',
    );
  const until = options.until === undefined ? Date.now() : parseTime('--until', options.until);
  const { createSnapshot, summary } = await import('../../../offline/snapshot.ts');
  const { placeSnapshot } = await import('../../../offline/dataset/snapshot-folder.ts');
  const progress = createProgress({ quiet: options.json === true });
  progress.step(`reading decisions of ${surface}`);
  const range = {
    tenant,
    surface,
    until,
    asOf: options.asOf === undefined ? Math.max(until, Date.now()) : parseTime('--as-of', options.asOf),
    ...(options.from === undefined ? {} : { from: parseTime('--from', options.from) }),
    ...(options.behavior === undefined ? {} : { behaviorVersions: options.behavior }),
  };
  const { manifest, wasThere } = await placeSnapshot(
    { directory: out, isReplacing: options.replace === true },
    (directory) => createSnapshot(stores, { ...range, directory }),
  );
  progress.done();
  return { directory: out, ...summary(manifest), wasThere };
}

async function snapshotRun(
  options: SnapshotOptions,
  runId: string,
  stores: AllStores,
  snapshotsDirectory: string,
): Promise<Record<string, unknown>> {
  const { runSnapshot } = await import('../../../offline/snapshot.ts');
  return await runSnapshot({ stores, tenant: options.tenant, runId, snapshotsDirectory });
}

function describe(result: Record<string, unknown>): string {
  const { rows, units, directory, contentHash } = result as Record<string, string | number>;
  const { undelivered, immature, twins, foreign } = result['logHealth'] as Record<string, number>;
  return (
    (result['wasThere'] === true ? 'nothing new, the same snapshot was there before: ' : '') +
    `${rows} rows of ${units} units in ${directory} (${String(contentHash).slice(0, 12)}); left out: ` +
    `${undelivered} undelivered, ${immature} immature, ${twins} twins, ${foreign} foreign`
  );
}

/** ISO 8601 (UTC where no zone is given) or milliseconds since the epoch. */
export function parseTime(flag: string, text: string): number {
  const ms = timeOf(text);
  if (ms === undefined)
    throw new AllotError('invalid_request', `${flag}: is an ISO 8601 time or milliseconds (sent: ${text})`);
  return ms;
}
