import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { FaultContext, FaultOutcome, Scenario } from '../scenario.ts';
import { type Job, type QueuedJob, queueJob, weightsHash } from '../support/jobs.ts';
import { Load } from '../support/load.ts';
import { type GivenWorld, type World, startGivenWorld } from '../support/world.ts';

const UNITS = 600;
const HOUR_MS = 3_600_000;
/** After each the queue waits longer (3 s, 7 s, 20 s), and after five it gives the job up. */
const MOST_KILLS_OF_A_JOB = { short: 1, long: 2 };

/**
 * kill -9 of snapshots, trainings, evaluations and promotions from the queue, and of the controller that runs them, alone
 * and together with them: each job is begun again, ends well, and with the very result of a run that nobody disturbed.
 */
export const killJobs: Scenario = {
  name: 'kill-jobs',
  isShort: true,
  unmet: () => (existsSync('/proc/self/stat') ? null : 'the process of a job is found by /proc'),
  run: async (context) => {
    const world = context.isShort
      ? await context.world()
      : await startGivenWorld(context, { parts: ['api', 'ingest', 'controller'] });
    await fillLog(world);
    const until = Date.now();
    const range = { until, asOf: until + HOUR_MS };
    if (context.isShort) {
      const training = await undisturbed(world, trainingOf({ snapshot: range, steps: 300 }));
      return await killed(context, world, training, jobOnly);
    }
    const snapshot = await undisturbed(world, snapshotOf(range));
    const training = await undisturbed(world, trainingOf({ snapshot: range, steps: 1_500 }));
    const evaluation = await undisturbed(world, evaluationOf(training.result, snapshot.result));
    const promotion = await undisturbed(world, promotionOf(training.result, evaluation.id));
    const rows: FaultOutcome[] = [];
    for (const reference of [snapshot, training, evaluation, promotion])
      rows.push(await killed(context, world, reference, jobOnly));
    rows.push(await killed(context, world, training, controllerOnly));
    rows.push(await killed(context, world, training, controllerAndJob));
    return rows;
  },
};

/** Enough to learn from; fed to the service as clients would. */
async function fillLog({ client }: World): Promise<void> {
  for (let from = 0; from < UNITS; from += 100) {
    const requests = Array.from({ length: 100 }, (_, n) => {
      const id = `learn-${String(from + n)}-${String(Date.now())}`;
      return { requestId: id, surface: 'live-feed', unitId: id, features: { hour: n % 24 } };
    });
    const results = await client.decideBatch(requests);
    const decided = results.flatMap((one) => ('decision' in one ? [one.decision] : []));
    await client.expose(decided.map(({ decisionId }) => ({ eventId: `${decisionId}-e`, decisionId })));
    await client.interact(
      decided.map(({ decisionId, action }, n) => {
        const value = (action === 'live' ? 50 : 20) + (n % 7);
        return { eventId: `${decisionId}-i`, decisionId, type: 'watch', value };
      }),
    );
  }
}

type Result = Readonly<Record<string, unknown>>;

interface Range {
  readonly until: number;
  readonly asOf: number;
}

const snapshotOf = (range: Range): Job => ({
  kind: 'snapshot',
  config: { ...range },
  essenceOf: async ({ contentHash }) => contentHash,
});

const trainingOf = ({ snapshot, steps }: { readonly snapshot: Range; readonly steps: number }): Job => ({
  kind: 'training',
  config: {
    algorithm: 'crr',
    seed: 7,
    snapshot,
    config: { steps, warmUpSteps: 2, batchSize: 32, network: { hidden: [8], groupBlock: 0 } },
  },
  essenceOf: async ({ artifactHash, curve, metrics }, pool) => ({
    weights: await weightsHash(pool, artifactHash),
    curve,
    metrics,
  }),
});

const evaluationOf = ({ policyVersion }: Result, { directory }: Result): Job => ({
  kind: 'evaluation',
  config: { policyVersion, snapshot: directory, seed: 1, resamples: 20_000 },
  essenceOf: async (result) => result,
});

const promotionOf = ({ policyVersion }: Result, evaluationRun: string): Job => ({
  kind: 'promotion',
  config: { policyVersion, evaluationRun, override: { reason: 'a fault is tried' } },
  essenceOf: async (result) => result,
});

/** What a job comes to when nobody disturbs it, and how long that takes from the queue to its end. */
interface Reference {
  readonly job: Job;
  readonly id: string;
  readonly result: Result;
  readonly durationMs: number;
}

async function undisturbed({ pool }: World, job: Job): Promise<Reference> {
  const startedAt = Date.now();
  const { id, state, result, error } = await (await queueJob(pool, job)).ended();
  if (result === null) throw new Error(`an undisturbed ${job.kind} ${state}: ${String(error)}`);
  return { job, id, result, durationMs: Date.now() - startedAt };
}

interface Victims {
  readonly name: (kind: Job['kind']) => string;
  readonly times: (context: FaultContext) => number;
  readonly kill: (context: FaultContext, world: GivenWorld, pid: number) => Promise<void>;
}

const jobOnly: Victims = {
  name: (kind) => `${kind === 'evaluation' ? 'an' : 'a'} ${kind}`,
  times: ({ kills, isShort }) => Math.min(kills, MOST_KILLS_OF_A_JOB[isShort ? 'short' : 'long']),
  kill: async (context, _world, pid) => {
    process.kill(pid, 'SIGKILL');
    context.killed();
  },
};

/** The job must end with it: another controller begins it again. */
const controllerOnly: Victims = {
  name: (kind) => `the controller of a ${kind}`,
  times: () => 1,
  kill: async (_context, { parts }) => {
    const controller = parts[parts.length - 1];
    await controller.kill();
    controller.start();
  },
};

const controllerAndJob: Victims = {
  name: (kind) => `a ${kind} and its controller together`,
  times: () => 1,
  kill: async (context, world, pid) => {
    await jobOnly.kill(context, world, pid);
    await controllerOnly.kill(context, world, pid);
  },
};

async function killed(
  context: FaultContext,
  world: GivenWorld,
  { job, result: expected, durationMs }: Reference,
  victims: Victims,
): Promise<FaultOutcome> {
  const { pool } = world;
  const load = new Load(context.folder, () => world.client);
  const queued = await queueJob(pool, job);
  const times = victims.times(context);
  const deaths = await killTimes(context, world, { queued, times, victims, durationMs });
  if (deaths < times) load.broken(`only ${String(deaths)} of ${String(times)} kills met the job alive`);
  const { state, result, error } = await queued.ended();
  if (result === null) load.broken(`the job ${state}: ${String(error)}`);
  else if (!isDeepStrictEqual(await job.essenceOf(result, pool), await job.essenceOf(expected, pool)))
    load.broken('its result is not that of an undisturbed run');
  await load.untilAnswered(Date.now());
  await load.untilCaughtUp(pool, Date.now());
  const fault = `kill -9 of ${victims.name(job.kind)} × ${String(deaths)}`;
  return await load.outcome(fault, pool);
}

interface Hunt {
  readonly queued: QueuedJob;
  readonly times: number;
  readonly victims: Victims;
  /** Of an undisturbed run, from the queue to its end. */
  readonly durationMs: number;
}

/** At moments of the seed's choice within the duration of the job, start of its process included. */
async function killTimes(
  context: FaultContext,
  world: GivenWorld,
  { queued, times, victims, durationMs }: Hunt,
): Promise<number> {
  let pid: number | undefined;
  for (let deaths = 0; deaths < times; deaths += 1) {
    pid = await queued.pid(pid);
    await sleep(0.7 * durationMs * context.random.uniform());
    if (!existsSync(`/proc/${String(pid)}`)) return deaths;
    await victims.kill(context, world, pid);
  }
  return times;
}
