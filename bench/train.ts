// node --import tsx bench/train.ts [--seconds 4] [--repeats 3] [--batch 1024] [--json]
// Training, samples per second: discrete SAC and CQL, MLP 64-256-128-2, on the portable backend, on the native one where it
// loads, and on TensorFlow's own WebAssembly operations, which is what the portable one was before it had a kernel. Every
// case is a process of its own with one thread of TensorFlow; cases take turns, so that they share the machine's load.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { measureTraining, useBackend, type TrainingSpeed } from './support/training-case.ts';
import { Command } from 'commander';
import { positive, positiveInteger } from '../src/cli/parse-numbers.ts';
import { median, round } from './support/figures.ts';

interface Flags {
  readonly seconds: number;
  readonly repeats: number;
  readonly batch: number;
  readonly case?: string;
  readonly json: boolean;
}

const flags = new Command()
  .description('updates of discrete SAC and CQL per second, by backend')
  .option('--seconds <s>', 'of each measurement', positive, 4)
  .option('--repeats <n>', 'runs of which the median counts', positiveInteger, 3)
  .option('--batch <n>', 'rows of a minibatch', positiveInteger, 1024)
  .option('--case <name>', 'one case, in this process')
  .option('--json', 'one object on standard output', false)
  .parse()
  .opts<Flags>();

/** d3rlpy `fit` and its updates alone, samples/s, on two quiet cores of this class of machine. */
const references: Readonly<Record<string, { readonly fit: number; readonly updates: number }>> = {
  sac: { fit: 38_000, updates: 64_000 },
  cql: { fit: 45_000, updates: 106_000 },
};
const backends = ['portable', 'native', 'stock'];
const cases = Object.keys(references).flatMap((algorithm) => backends.map((b) => `${algorithm} ${b}`));

async function measureHere(name: string): Promise<void> {
  const [algorithm, backend] = name.split(' ');
  await useBackend(backend);
  const speed = measureTraining(algorithm, flags.batch, flags.seconds);
  process.stdout.write(`${JSON.stringify(speed)}\n`);
}

/** Null: the backend does not load here. */
function child(name: string): TrainingSpeed | null {
  const { status, stdout } = spawnSync(
    process.execPath,
    [
      ...['--import', 'tsx', fileURLToPath(import.meta.url), '--case', name],
      ...['--seconds', String(flags.seconds), '--batch', String(flags.batch)],
    ],
    {
      encoding: 'utf8',
      env: { ...process.env, TF_NUM_INTRAOP_THREADS: '1', TF_CPP_MIN_LOG_LEVEL: '2' },
      stdio: ['ignore', 'pipe', name.endsWith('native') ? 'ignore' : 2],
    },
  );
  if (status === 0) return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as TrainingSpeed;
  if (name.endsWith('native')) return null;
  throw new Error(`${name} ended with ${String(status)}`);
}

function main(): void {
  const measured = new Map<string, TrainingSpeed[]>(cases.map((name) => [name, []]));
  for (let k = 0; k < flags.repeats; k += 1)
    for (const name of cases) {
      process.stderr.write(`… ${name} (${k + 1} of ${flags.repeats})\n`);
      const speed = child(name);
      if (speed !== null) measured.get(name)?.push(speed);
    }
  const rows = [...measured].filter(([, runs]) => runs.length > 0).map(([name, runs]) => row(name, runs));
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ node: process.version, batch: flags.batch, rows })}\n`);
    return;
  }
  process.stdout.write(
    `MLP 64-256-128-2, ReLU, batch ${flags.batch}; medians of ${flags.repeats} runs of ${flags.seconds} s.\n` +
      'd3rlpy was measured on two quiet cores, not in this run. Bars to its fit: ≥ 1 native, ≥ 0.5 portable.\n',
  );
  console.table(Object.fromEntries(rows.map(({ name, ...rest }) => [name, rest])));
}

function row(name: string, runs: readonly TrainingSpeed[]) {
  const speeds = runs.map((r) => r.samplesPerSecond);
  const { fit, updates } = references[name.split(' ')[0]];
  return {
    name,
    samplesPerSecond: Math.round(median(speeds)),
    spread: `${Math.round(Math.min(...speeds))} … ${Math.round(Math.max(...speeds))}`,
    cpuMsPerUpdate: round(median(runs.map((r) => r.cpuMsPerUpdate))),
    toFit: round(median(speeds) / fit),
    toUpdatesAlone: round(median(speeds) / updates),
    tensorsLeft: Math.max(...runs.map((r) => r.tensorsLeft)),
  };
}

if (flags.case !== undefined) await measureHere(flags.case);
else main();
