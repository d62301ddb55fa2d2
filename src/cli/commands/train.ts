import type { Command } from 'commander';
import { prepareForTensorFlow } from '../../config/env.ts';
import { AllotError } from '../../core/errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { print, printJson } from '../output.ts';
import type { TrainOptions } from '../train/options.ts';
import { renderTraining, spreadOf } from '../train/render.ts';
import { trainByHand, type HandTraining } from '../train/train-by-hand.ts';
import { trainRun } from '../train/train-run.ts';
import { positiveInteger, wholeNumber } from '../parse-numbers.ts';

const help = `
Algorithms (docs/algorithms.md says what each minimises, and its settings):
  from the log          bc crr awac iql td3bc cql sac
  with constraints      tscac slmgac rcpo-scalarised rcpo-dual pid-lagrangian pareto
Of these rcpo-dual and pid-lagrangian keep the surface's constraints, slmgac with "dual", tscac with "lambdaSweep".

Examples:
  allot train --algorithm tscac --snapshot data/january --seed 1 --config tscac.json
  allot train --algorithm tscac --snapshot data/january --seeds 5 --workers 2 --html training.html

Exit codes: 0 trained, 1 stopped itself or failed, 2 bad input, 3 trained, but no seed could be chosen.`;

export function register(program: Command): void {
  program
    .command('train')
    .description('train a candidate policy on a snapshot, check its parity and register it')
    .option('--surface <name>', 'refuse a snapshot of another surface')
    .option('--algorithm <name>', 'one of those below', 'tscac')
    .option('--snapshot <dir>', 'folder written by `allot snapshot`')
    .option('--seed <n>', 'same seed, data and backend: same weights', wholeNumber, 0)
    .option(
      '--seeds <n>',
      'train so many seeds, from --seed on; the best on validation is registered',
      positiveInteger,
      1,
    )
    .option(
      '--workers <n>',
      'processes for seeds, or for independent parts of one training',
      positiveInteger,
      1,
    )
    .option('--config <file>', 'JSON with the algorithm’s settings')
    .option('--out <file>', 'write the artifact to this file')
    .option('--html <file>', 'write curves and diagnosis as a self-contained page')
    .option('--resume', 'same flags as before: go on from the checkpoint in the data directory')
    .option('--checkpoint-every <steps>', 'steps between two checkpoints', positiveInteger, 200)
    .option('--no-publish', 'do not register anything: no database is needed')
    .option('--run <id>', 'job mode: everything else comes from the stored run')
    .option('--tenant <name>', 'whose surface', 'default')
    .option('--json', 'one object on standard output')
    .addHelpText('after', help)
    .action(train);
}

async function train(options: TrainOptions): Promise<void> {
  prepareForTensorFlow();
  if (options.run !== undefined) {
    const result = await trainRun(options, options.run);
    if (options.json === true) printJson(result);
    else
      print(
        `run ${options.run}: ${String(result['policyVersion'])}, artifact ${String(result['artifactHash'])}`,
      );
    return;
  }
  const trained = await trainByHand(options);
  refuseStopped(trained);
  if (options.json === true) printJson(await asJson(trained));
  else print(renderTraining(trained));
  if (trained.chosen === null) process.exitCode = exitCodes.refusal;
}

/** One training that stopped itself is an error; among several seeds it is a line of the table. */
function refuseStopped({ seeds }: HandTraining): void {
  const [{ outcome }] = seeds;
  if (seeds.length > 1 || 'trained' in outcome) return;
  const { phase, step, what, suggestion } = outcome.stopped;
  throw new AllotError('training_diverged', `${phase}, step ${step}: ${what}. Try: ${suggestion}`);
}

async function asJson({ seeds, chosen, reason, policyVersion }: HandTraining): Promise<unknown> {
  const { trainingResult } = await import('../../../offline/train.ts');
  const all = seeds.map(({ outcome, runId }) => ({
    runId,
    ...('trained' in outcome ? trainingResult(outcome.trained) : outcome),
  }));
  const version = policyVersion === null ? {} : { policyVersion };
  if (all.length === 1) return { ...version, ...all[0] };
  const spread = spreadOf(seeds.map(({ outcome }) => outcome));
  return { ...version, chosen: chosen?.seed ?? null, reason, spread, seeds: all };
}
