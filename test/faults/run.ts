import { Command } from 'commander';
import { table } from '../../src/cli/output.ts';
import { positiveInteger, wholeNumber } from '../../src/cli/parse-numbers.ts';
import { type FaultOutcome, type Scenario, isKept, runScenario } from './scenario.ts';
import { SharedWorld } from './support/shared-world.ts';
import { scenarios } from './scenarios/all.ts';

interface Flags {
  readonly short: boolean;
  readonly only?: readonly string[];
  readonly kills?: number;
  readonly json: boolean;
  readonly seed: number;
  readonly list: boolean;
}

const SHORT_KILLS = 1;
const LONG_KILLS = 8;

async function main(): Promise<void> {
  const flags = new Command('faults')
    .description('does every fault for real, and compares what clients were promised with what is stored')
    .option('--short', 'the form for CI: fewer kills, shorter outages, one broker', false)
    .option('--only <name...>', 'only these scenarios')
    .option('--kills <n>', 'kills per row of the kill scenarios', positiveInteger)
    .option('--seed <n>', 'of the random moments', wholeNumber, 20261124)
    .option('--json', 'one object on standard output', false)
    .option('--list', 'names of the scenarios', false)
    .parse()
    .opts<Flags>();
  if (flags.list) {
    for (const { name, isShort } of scenarios)
      process.stdout.write(`${name}${isShort ? '' : ' (long form)'}\n`);
    return;
  }
  const chosen = scenarios.filter(
    ({ name, isShort }) => flags.only?.includes(name) ?? (isShort || !flags.short),
  );
  const unknown = (flags.only ?? []).filter((name) => !scenarios.some((one) => one.name === name));
  if (unknown.length > 0) throw new Error(`no such scenario: ${unknown.join(', ')}; --list names them`);
  report(await runAll(chosen, flags), flags);
}

interface Results {
  readonly rows: readonly FaultOutcome[];
  readonly skipped: readonly string[];
  readonly failed: readonly string[];
  /** SIGKILLs sent. */
  readonly kills: number;
  readonly seconds: number;
}

async function runAll(chosen: readonly Scenario[], flags: Flags): Promise<Results> {
  const rows: FaultOutcome[] = [];
  const skipped: string[] = [];
  const failed: string[] = [];
  const startedAt = Date.now();
  const abort = new AbortController();
  let killed = 0;
  const onKill = (): void => void (killed += 1);
  const shared = new SharedWorld(onKill);
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => abort.abort());
  for (const scenario of chosen) {
    if (abort.signal.aborted) {
      failed.push(`${scenario.name}: interrupted`);
      continue;
    }
    const why = scenario.unmet?.() ?? null;
    if (why !== null) {
      skipped.push(`${scenario.name}: ${why}`);
      process.stderr.write(`SKIPPED ${scenario.name}: ${why}\n`);
      continue;
    }
    const began = Date.now();
    try {
      const kills = flags.kills ?? (flags.short ? SHORT_KILLS : LONG_KILLS);
      const { seed, short: isShort } = flags;
      const outcomes = await runScenario(scenario, {
        seed,
        kills,
        isShort,
        shared,
        onKill,
        signal: abort.signal,
      });
      rows.push(...outcomes);
      const verdict = outcomes.every(isKept) ? 'kept' : 'BROKEN';
      process.stderr.write(`${scenario.name}: ${verdict} in ${seconds(Date.now() - began)}\n`);
    } catch (error) {
      await shared.close();
      failed.push(`${scenario.name}: ${error instanceof Error ? error.message : String(error)}`);
      process.stderr.write(`${scenario.name}: FAILED ${String((error as Error).stack ?? error)}\n`);
    }
  }
  await shared.close();
  return { rows, skipped, failed, kills: killed, seconds: (Date.now() - startedAt) / 1000 };
}

const seconds = (ms: number | null): string => (ms === null ? '–' : `${(ms / 1000).toFixed(1)} s`);

const columns = [
  'fault',
  'accepted',
  'stored',
  'duplicates',
  'missing',
  'lost, reported',
  'deciding again',
  'caught up',
  'refused',
  'unlogged',
];

function cellsOf(row: FaultOutcome): string[] {
  return [
    row.fault,
    String(row.accepted),
    String(row.stored),
    String(row.duplicates),
    String(row.missing),
    String(row.reportedLost ?? 0),
    seconds(row.backAfterMs),
    seconds(row.caughtUpMs),
    String(row.refused),
    String(row.unlogged),
  ];
}

function report(results: Results, flags: Flags): void {
  const { rows, skipped, failed } = results;
  const sum = (of: (row: FaultOutcome) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const totals = {
    faults: rows.length,
    accepted: sum((row) => row.accepted),
    stored: sum((row) => row.stored),
    missing: sum((row) => row.missing),
    duplicates: sum((row) => row.duplicates),
    kills: results.kills,
  };
  if (flags.json) process.stdout.write(`${JSON.stringify({ ...results, totals })}\n`);
  else {
    process.stdout.write(`${table(columns, rows.map(cellsOf))}\n\n`);
    for (const { fault, note } of rows) if (note !== undefined) process.stdout.write(`${fault}: ${note}\n`);
    for (const why of skipped) process.stdout.write(`not done here: ${why}\n`);
    for (const { fault, broken } of rows)
      for (const rule of broken) process.stdout.write(`BROKEN ${fault}: ${rule}\n`);
    for (const why of failed) process.stdout.write(`FAILED ${why}\n`);
    process.stdout.write(
      `faults: ${String(totals.faults)} done in ${results.seconds.toFixed(0)} s, ${String(totals.accepted)} accepted, ` +
        `${String(totals.stored)} stored, ${String(totals.missing)} missing, ${String(totals.duplicates)} duplicates, ` +
        `${String(totals.kills)} kills\n`,
    );
  }
  const isGood = rows.length > 0 && rows.every(isKept) && failed.length === 0;
  process.exitCode = isGood ? 0 : 1;
}

await main();
