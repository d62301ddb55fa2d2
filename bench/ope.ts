// node --import tsx bench/ope.ts [--obp <python with obp 0.5.7>] [--rounds n] [--resamples n] [--repeats n] [--json]
// Off-policy evaluation of 1,000,000 rounds × 2 actions with 1,000 resamples by unit, against OBP on the same machine in
// the same run. Every case is a process of its own, so that its peak memory is its own.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ratio } from '../src/core/ope/estimator.ts';
import { evaluateLog } from '../src/core/ope/evaluate-log.ts';
import { percentileInterval } from '../src/core/ope/bootstrap.ts';
import { valuesOfTotals } from '../src/core/ope/intervals/poisson-bootstrap.ts';
import { resampleStream, type UnitChunk } from '../offline/ope-workers/resample-stream.ts';
import { logInMemory, rowsAsUnits, unitsOf } from './support/ope-log.ts';
import { Command } from 'commander';
import { positiveInteger } from '../src/cli/parse-numbers.ts';
import { median, round } from './support/figures.ts';

interface Flags {
  readonly obp?: string;
  readonly rounds: number;
  readonly resamples: number;
  readonly repeats: number;
  readonly case?: string;
  readonly json: boolean;
}

const flags = new Command()
  .description('off-policy evaluation of a large log')
  .option('--obp <python>', 'a Python with OBP, to measure it in the same run')
  .option('--rounds <n>', 'logged rounds', positiveInteger, 1_000_000)
  .option('--resamples <n>', 'by unit', positiveInteger, 1000)
  .option('--repeats <n>', 'runs of which the median counts', positiveInteger, 3)
  .option('--case <name>', 'one case, in this process')
  .option('--json', 'one object on standard output', false)
  .parse()
  .opts<Flags>();
const { rounds, resamples } = flags;
const UNITS = 100_000;

interface Measured {
  readonly seconds: number;
  readonly peakMiB: number;
  readonly lower: number;
  readonly upper: number;
}

const cases: Readonly<Record<string, (n: number) => Promise<{ lower: number; upper: number }>>> = {
  'streamed, every row a unit, 2 workers': (n) => streamed(rowsAsUnits(n), 2),
  'streamed, every row a unit, 1 worker': (n) => streamed(rowsAsUnits(n), 1),
  'streamed, ten times the rows, 2 workers': (n) => streamed(rowsAsUnits(10 * n), 2),
  'streamed, 100,000 units, 2 workers': (n) => streamed(unitsOf(n, UNITS), 2),
  'in memory (evaluateLog), 100,000 units': (n) => inMemory(n, UNITS),
  'in memory (evaluateLog), every row a unit': (n) => inMemory(n, n),
};

async function streamed(chunks: Iterable<UnitChunk>, workers: number) {
  const { resampled } = await resampleStream(chunks, { resamples, seed: 1, workers });
  return bounds(percentileInterval(valuesOfTotals(resampled, ratio.value), 0.95));
}

async function inMemory(n: number, units: number) {
  const { log, policy } = logInMemory(n, units);
  const report = evaluateLog(log, policy, { estimators: ['snips'], level: 0.95, resamples, seed: 1 });
  const [estimate] = report.estimates;
  if (!('value' in estimate)) throw new Error(estimate.refusal.reason);
  return bounds(estimate.intervals[0] ?? null);
}

function bounds(interval: { lower: number; upper: number } | null) {
  if (interval === null) throw new Error('no interval');
  return { lower: interval.lower, upper: interval.upper };
}

async function measureHere(name: string): Promise<void> {
  const start = performance.now();
  const interval = await cases[name](rounds);
  const seconds = (performance.now() - start) / 1000;
  process.stdout.write(
    JSON.stringify({ seconds, peakMiB: process.resourceUsage().maxRSS / 1024, ...interval }),
  );
}

/** One process per case and repeat; the baseline runs between the repeats, under the same load. */
async function main(): Promise<void> {
  const { repeats } = flags;
  const measured = new Map<string, Measured[]>(Object.keys(cases).map((name) => [name, []]));
  const baseline: { seconds: number; peakMiB: number; version: string }[] = [];
  for (let k = 0; k < repeats; k++) {
    for (const name of Object.keys(cases)) {
      process.stderr.write(`… ${name} (${k + 1} of ${repeats})\n`);
      measured.get(name)?.push(JSON.parse(child(process.execPath, selfArguments(name))) as Measured);
    }
    if (flags.obp !== undefined) {
      process.stderr.write(`… OBP (${k + 1} of ${repeats})\n`);
      baseline.push(runObp(flags.obp));
    }
  }
  print(measured, baseline);
}

const selfArguments = (name: string): string[] => [
  ...['--import', 'tsx', fileURLToPath(import.meta.url), '--case', name],
  ...['--rounds', String(rounds), '--resamples', String(resamples)],
];

function runObp(python: string): { seconds: number; peakMiB: number; version: string } {
  const script = fileURLToPath(new URL('./support/ope-obp.py', import.meta.url));
  const answer = JSON.parse(child(python, [script, String(rounds), String(resamples)])) as {
    version: string;
    peakMiB: number;
    cases: { estimator: string; seconds: number }[];
  };
  // Ours makes IPW and SNIPW in one pass; only the slower of OBP's two is counted against it.
  return { ...answer, seconds: Math.max(...answer.cases.map((c) => c.seconds)) };
}

function child(command: string, args: string[]): string {
  const { status, stdout, error } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 2],
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ended with ${String(status)}`);
  return stdout.trim().split('\n').at(-1) ?? '';
}

function print(
  measured: ReadonlyMap<string, Measured[]>,
  baseline: { seconds: number; peakMiB: number }[],
): void {
  const reference = baseline.length === 0 ? null : median(baseline.map((b) => b.seconds));
  const rows = [...measured].map(([name, runs]) => ({
    name,
    seconds: round(median(runs.map((r) => r.seconds))),
    spread: `${round(Math.min(...runs.map((r) => r.seconds)))} … ${round(Math.max(...runs.map((r) => r.seconds)))}`,
    timesFaster: reference === null ? null : round(reference / median(runs.map((r) => r.seconds))),
    peakMiB: Math.round(median(runs.map((r) => r.peakMiB))),
    interval: `${runs[0].lower.toFixed(5)} … ${runs[0].upper.toFixed(5)}`,
  }));
  const obp =
    reference === null
      ? null
      : { seconds: round(reference), peakMiB: Math.round(median(baseline.map((b) => b.peakMiB))) };
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ node: process.version, rounds, resamples, obp, rows })}\n`);
    return;
  }
  process.stdout.write(
    `${rounds} rounds × 2 actions, ${resamples} resamples by unit, IPS and SNIPS; medians of ${flags.repeats} runs.\n` +
      (obp === null
        ? 'OBP was not run here; measured elsewhere on this class of machine: 13–14 s, 795 MiB.\n'
        : `OBP 0.5.7 in this run: ${obp.seconds} s, ${obp.peakMiB} MiB.\n`) +
      'Bars: ≥ 5 × faster than OBP, ≤ 300 MiB, memory flat in rows.\n',
  );
  console.table(Object.fromEntries(rows.map(({ name, ...row }) => [name, row])));
}

if (flags.case !== undefined) await measureHere(flags.case);
else await main();
