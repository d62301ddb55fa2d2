import type { Command } from 'commander';
import { readConfig } from '../../config/env.ts';
import { createLogger } from '../../observability/logger.ts';
import { handleShutdown } from '../../observability/shutdown.ts';
import type { DemoOptions } from '../demo/demo-config.ts';
import { note, print, printJson } from '../output.ts';
import { createProgress } from '../progress.ts';
import { wholeNumberBetween } from '../parse-numbers.ts';

export function register(program: Command): void {
  program
    .command('demo')
    .description('run the whole loop on simulated traffic and serve an overview page')
    .option('--exit', 'end after the summary instead of serving the overview page until Ctrl-C')
    .option('--json', 'the summary as one object on standard output')
    .option('--units <n>', 'simulated units of the first log', wholeNumberBetween(200, 100_000), 2000)
    .option('--seed <n>', 'same seed, same world', wholeNumberBetween(0, 2 ** 31), 1)
    .option('--port <n>', 'port of the HTTP API; 0 takes any free one', wholeNumberBetween(0, 65_535), 0)
    .option('--data-dir <folder>', 'keep everything here (default: a temporary folder, removed at the end)')
    .option('--keep', 'do not remove the temporary folder')
    .addHelpText(
      'after',
      `
Declares the surface live-feed, lets 2,000 simulated units use it under an exploring policy, snapshots the log, trains
two good candidates (tscac, slmgac) and a planted bad one, judges all off-policy, lets the gate decide, compares champion and
the better of those that pass in an experiment on fresh units, and prints forecast beside result.

The simulated world runs hundreds of times faster than ours: watch times are in its seconds, while response windows
are four of ours. DATABASE_URL and KAFKA_BROKERS make the demo use your servers.

Examples:
  allot demo
  allot demo --exit --json

Exit codes: 0 the loop went through (also when Ctrl-C ends the page afterwards), 1 something failed, 2 a flag or setting
breaks a rule, 130 or 143 interrupted by SIGINT or SIGTERM before the end.`,
    )
    .action(demo);
}

interface Flags extends Omit<DemoOptions, 'dataDir' | 'exit' | 'json' | 'keep'> {
  readonly exit?: true;
  readonly json?: true;
  readonly keep?: true;
  readonly dataDir?: string;
}

async function demo(flags: Flags): Promise<void> {
  const options: DemoOptions = {
    ...flags,
    exit: flags.exit === true,
    json: flags.json === true,
    keep: flags.keep === true,
    dataDir: flags.dataDir ?? null,
  };
  const config = readConfig();
  const logger = createLogger(config.logLevel === 'info' ? 'warn' : config.logLevel);
  const shutdown = handleShutdown({ logger });
  const { runDemo } = await import('../demo/demo.ts');
  const progress = createProgress();
  const run = runDemo(config, options, { progress, logger, signal: shutdown.signal });
  // Not before everything that it started has been stopped.
  shutdown.onStop('demo', async () => (await run.catch(() => null))?.close(), { patienceMs: Infinity });
  let running: Awaited<typeof run>;
  try {
    running = await run;
  } catch (error) {
    progress.done();
    await shutdown.stop('the demo failed');
    const code = shutdown.signalExitCode();
    if (code === null) throw error;
    note('The demo was interrupted.');
    process.exitCode = code;
    return;
  }
  if (options.json) printJson(running.summary);
  else {
    const { describe } = await import('../demo/describe.ts');
    print(describe(running.summary));
  }
  if (options.exit) await shutdown.stop('the demo is over');
  else {
    note(`\nOverview page: ${running.pageUrl}\nCtrl-C ends it.`);
    await shutdown.stopped;
  }
}
