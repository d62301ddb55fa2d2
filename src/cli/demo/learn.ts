import { join } from 'node:path';
import { runCli } from '../../controller/child-job.ts';
import { AllotError } from '../../core/errors.ts';
import { TENANT, type DemoContext } from './context.ts';
import { runJobs } from './run-jobs.ts';

export interface DemoSnapshot {
  readonly directory: string;
  readonly rows: number;
  readonly units: number;
  readonly hash: string;
  readonly lateEvents: number;
}

/** `allot snapshot` of the decisions of this run, in a process of its own. */
export async function takeSnapshot(
  context: DemoContext,
  range: { readonly from: number; readonly until: number },
): Promise<DemoSnapshot> {
  const directory = join(context.dataDir, 'snapshots', `demo-${context.tag}`);
  const flags = ['--surface', context.surface.name, '--tenant', TENANT, '--out', directory, '--json'];
  // The windows of everything before `until` have closed by now, and the log is known up to now.
  const asOf = String(context.clock());
  const times = ['--from', String(range.from), '--until', String(range.until), '--as-of', asOf];
  const { exitCode, output, lastWords } = await runCli(['snapshot', ...flags, ...times], {
    environment: context.childEnvironment,
    signal: context.signal,
  });
  if (exitCode !== 0) throw new AllotError('snapshot_invalid', `allot snapshot failed: ${lastWords}`);
  const manifest = JSON.parse(output) as {
    readonly rows: number;
    readonly units: number;
    readonly contentHash: string;
    readonly logHealth: { readonly lateEvents: number };
  };
  return {
    directory,
    rows: manifest.rows,
    units: manifest.units,
    hash: manifest.contentHash,
    lateEvents: manifest.logHealth.lateEvents,
  };
}

export interface Candidate {
  readonly name: string;
  readonly algorithm: string;
  readonly version: string;
  readonly backend: string;
}

/** Half of the units train, the others judge: both halves are large enough for the demo's log. */
const split = { train: 0.45, validation: 0.05 };

/** Two candidates that try, and one that was told the opposite: the gate does not know which is which. */
const recipes = [
  { name: 'two-stage', algorithm: 'tscac', config: { split, stageOneSteps: 60 } },
  {
    name: 'multi-group',
    algorithm: 'slmgac',
    config: { split, steps: 250, distillation: { steps: 150, batchSize: 256 } },
  },
  {
    name: 'planted-bad',
    algorithm: 'slmgac',
    config: { split, steps: 150, distillation: null, plantedFault: 'inverted-reward' },
  },
] as const;

export async function trainCandidates(
  context: DemoContext,
  snapshot: DemoSnapshot,
  seed: number,
): Promise<readonly Candidate[]> {
  const runs = await runJobs(
    context,
    'training-runs',
    recipes.map(({ algorithm, config }) => ({ algorithm, config, seed, snapshot: snapshot.directory })),
  );
  return runs.map((run, i) => {
    const result = run.result as {
      readonly policyVersion: string;
      readonly backend: { readonly name: string };
    };
    const { name, algorithm } = recipes[i];
    return { name, algorithm, version: result.policyVersion, backend: result.backend.name };
  });
}
