import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '../src/client/client.ts';
import { freePort, startAllotProcess } from '../test/support/allot-process.ts';
import { declareFeed } from './soak/feed-case.ts';
import { Load } from './soak/load.ts';
import { type Minute, minuteOf } from './soak/minute.ts';
import { soakSvg } from './soak/plot.ts';
import { Sampler, folderMb } from './soak/sampler.ts';
import { type Counts, type Peak, soakText, trendsOf } from './soak/report.ts';
import { Command } from 'commander';
import { halfOpenUnit, positive, positiveInteger } from '../src/cli/parse-numbers.ts';

/**
 * `allot start` in a process of its own, with its own PostgreSQL, under a steady load, minute by minute. Decisions with 20 features,
 * API key, a running experiment of two 64-64 policies; four in five are exposed a few seconds later, two in five of those watched.
 * First the peak, as long as `--peak-seconds`: closed loop, 32 connections, then until all of it is stored; peak = decisions over
 * that whole time. Then the soak at half of it: open loop, each latency counts from the moment its request was due. Memory and
 * journal are asked for every second. In the end what was answered is compared with what is stored.
 *
 *     npx tsx bench/soak.ts [--minutes 30] [--share 0.5] [--peak-seconds 30] [--rate N] [--svg docs/images/soak.svg] [--json]
 */
interface Flags {
  readonly minutes: number;
  readonly share: number;
  readonly peakSeconds: number;
  readonly rate?: number;
  readonly svg?: string;
  readonly json: boolean;
}

const flags = new Command()
  .description('allot start under a steady load, minute by minute')
  .option('--minutes <n>', 'of soak', positiveInteger, 30)
  .option('--share <share>', 'of the peak', halfOpenUnit, 0.5)
  .option('--peak-seconds <s>', 'how long the peak is measured', positive, 30)
  .option('--rate <n>', 'decisions per second, instead of a share of the peak', positive)
  .option('--svg <file>', 'draw the minutes')
  .option('--json', 'one object on standard output', false)
  .parse()
  .opts<Flags>();
const CONNECTIONS = 32;
const MINUTE_MS = 60_000;

async function main(): Promise<void> {
  if (flags.svg !== undefined) mkdirSync(dirname(flags.svg), { recursive: true });
  const dataDir = mkdtempSync(join(tmpdir(), 'allot-soak-'));
  const allot = await startAllotProcess({ dataDir, port: await freePort(), isFirstStart: true });
  const key = allot.adminKey ?? '';
  const sampler = new Sampler(allot.url, key);
  try {
    await declareFeed(createClient({ url: allot.url, key }));
    const load = new Load({ url: allot.url, key, connections: CONNECTIONS });
    const peak = flags.rate === undefined ? await peakOf(load, sampler) : null;
    const perSecond = Math.round(flags.rate ?? (peak?.storedPerSecond ?? 0) * flags.share);
    process.stderr.write(`soak at ${String(perSecond)} decisions per second\n`);
    const minutes = await soak(load, sampler, perSecond, join(dataDir, 'postgres'));
    await load.close();
    await stored(sampler, 0);
    const soaked = {
      peak,
      perSecond,
      minutes,
      trends: trendsOf(minutes),
      ...(await compared(sampler, load)),
    };
    process.stdout.write(
      flags.json ? `${JSON.stringify({ node: process.version, ...soaked })}\n` : soakText(soaked),
    );
    if (flags.svg !== undefined) writeFileSync(flags.svg, soakSvg(minutes));
  } finally {
    sampler.stop();
    await allot.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function peakOf(load: Load, sampler: Sampler): Promise<Peak> {
  const seconds = flags.peakSeconds;
  await load.run(5_000, null); // the compiler has seen the path
  await stored(sampler);
  load.take();
  const startedAt = performance.now();
  await load.run(seconds * 1_000, null);
  const decisions = load.take().latencies.length;
  const answeredIn = (performance.now() - startedAt) / 1_000;
  await stored(sampler);
  const storedIn = (performance.now() - startedAt) / 1_000;
  const peak = { answeredPerSecond: decisions / answeredIn, storedPerSecond: decisions / storedIn };
  process.stderr.write(
    `peak: ${peak.answeredPerSecond.toFixed(0)} answered per second; ${peak.storedPerSecond.toFixed(0)} with storing\n`,
  );
  return peak;
}

/** Until no more than so many records waited twice in a row; during the peak feedback goes on, so it is never quite empty. */
async function stored(sampler: Sampler, atMost = 100): Promise<void> {
  for (let empty = 0; empty < 2;) {
    await sleep(250);
    const waiting = (await sampler.metrics())('allot_journal_records');
    empty = waiting <= atMost ? empty + 1 : 0;
  }
}

/** One load throughout; the rows are taken at whole minutes. */
async function soak(load: Load, sampler: Sampler, perSecond: number, database: string): Promise<Minute[]> {
  const count = flags.minutes;
  const minutes: Minute[] = [];
  let fallbacks = await fallbacksOf(sampler);
  load.take();
  sampler.take();
  const startedAt = performance.now();
  const running = load.run(count * MINUTE_MS, perSecond);
  for (let minute = 1; minute <= count; minute += 1) {
    await sleep(startedAt + minute * MINUTE_MS - performance.now());
    if (minute === count) await running;
    const taken = { load: load.take(), samples: sampler.take() };
    const now = await fallbacksOf(sampler);
    const also = { fallbacks: now - fallbacks, databaseMb: folderMb(database) };
    fallbacks = now;
    minutes.push(minuteOf(minute, taken.load, taken.samples, also));
    process.stderr.write(`${JSON.stringify(minutes.at(-1))}\n`);
  }
  return minutes;
}

async function fallbacksOf(sampler: Sampler): Promise<number> {
  const metric = await sampler.metrics();
  const name = 'allot_decisions_total';
  return metric(name) - metric(name, 'fallback="none"');
}

/** Stored: rows that PostgreSQL says were inserted. A count over all tables would take longer than a statement may. */
async function compared(
  sampler: Sampler,
  load: Load,
): Promise<{ readonly answered: Counts; readonly stored: Counts }> {
  const metric = await sampler.metrics();
  const rows = (kind: string): number =>
    metric('allot_ingest_events_total', `kind="${kind}",outcome="stored"`);
  return {
    answered: { decisions: load.answered, ...load.feedback.accepted },
    stored: {
      decisions: rows('decision'),
      exposures: rows('exposure'),
      interactions: rows('interaction'),
    },
  };
}

await main();
