import type { AllotClient } from '../../../../src/client/client.ts';
import { createRandom } from '../../../../src/core/math/random.ts';
import { startTrial } from './declare.ts';
import { evidenceOf, storedLooks, type Evidence } from './evidence.ts';
import type { Pace, Scenario } from './scenario.ts';
import { Traffic } from './traffic.ts';
import type { Trial } from './trial.ts';
import { sleep, type RegressionWorld } from './world.ts';

export interface RoundOptions {
  readonly scenarios: readonly Scenario[];
  readonly seed: number;
  readonly pace: Pace;
}

export interface Round {
  readonly evidence: readonly Evidence[];
  readonly decisions: number;
  readonly failed: number;
  readonly seconds: number;
}

const HELD_LOOKS = 4;
const LIMIT_MS = 180_000;

/** One seed of every scenario, side by side on the same processes, until each has shown what it has to show. */
export async function runRound(world: RegressionWorld, options: RoundOptions): Promise<Round> {
  const trials: Trial[] = [];
  for (const scenario of options.scenarios) trials.push(await startTrial(world, scenario, options));
  const traffic = new Traffic(world, trials, createRandom(options.seed).fork('traffic'));
  const startedAt = Date.now();
  traffic.start();
  try {
    await watch(world, trials, { pace: options.pace, check: () => traffic.check() });
  } finally {
    world.thawCollector();
    await traffic.stop();
  }
  const evidence: Evidence[] = [];
  for (const trial of trials) evidence.push(await evidenceOf(world, trial, options.seed));
  for (const { id } of trials) await endQuietly(world.clients[0], id);
  const { decisions, failed } = traffic;
  return { evidence, decisions, failed, seconds: (Date.now() - startedAt) / 1000 };
}

/** What has ended is refused, and that is all the same. */
const endQuietly = (client: AllotClient, id: string): Promise<unknown> =>
  client.stopExperiment(id, 'the study is over').catch(() => undefined);

interface Watching {
  readonly pace: Pace;
  /** Throws where the traffic has ended. */
  readonly check: () => void;
}

async function watch(
  world: RegressionWorld,
  trials: readonly Trial[],
  { pace, check }: Watching,
): Promise<void> {
  const [client] = world.clients;
  const open = new Set(trials);
  const changedAt = new Map<Trial, number>();
  for (const until = Date.now() + LIMIT_MS; open.size > 0 && Date.now() < until; await sleep(1_000)) {
    check();
    const experiments = new Map((await client.experiments()).map((one) => [one.id, one]));
    for (const trial of open) {
      trial.experiment = experiments.get(trial.id) ?? trial.experiment;
      const { experiment } = trial;
      if (experiment.state !== 'running' && !changedAt.has(trial)) changedAt.set(trial, Date.now());
      plant(world, trial, pace);
      if (await isDone(world, trial, { pace, changedAt: changedAt.get(trial) })) open.delete(trial);
    }
  }
}

function plant(world: RegressionWorld, trial: Trial, { plantAfterMs }: Pace): void {
  const { scenario, plantedAt, startedAt } = trial;
  if (plantedAt !== null || scenario.fault === 'none') return;
  if (Date.now() < startedAt + plantAfterMs || trial.experiment.blocks.length < 2) return;
  trial.plantedAt = Date.now();
  if (scenario.fault === 'outcomes delayed') world.freezeCollector();
}

async function isDone(
  world: RegressionWorld,
  trial: Trial,
  { pace, changedAt = Infinity }: { readonly pace: Pace; readonly changedAt: number | undefined },
): Promise<boolean> {
  const { scenario, experiment, plantedAt } = trial;
  const { action, state } = scenario.expected;
  if (action === 'ramp') return experiment.blocks.length === pace.ramp.length;
  if (action === 'decide') return experiment.state === state;
  if (action !== 'hold') return experiment.state === state && Date.now() >= changedAt + pace.watchedMs;
  if (plantedAt === null) return false;
  const looks = await storedLooks(world.clients[0], trial.id);
  const held = looks.filter((look) => look.at > plantedAt && look.action === 'hold');
  if (scenario.fault !== 'outcomes delayed') return held.length >= HELD_LOOKS;
  const [first] = held;
  if (first === undefined) return false;
  if (trial.releasedAt === null && Date.now() > first.at + pace.frozenMs) {
    world.thawCollector();
    trial.releasedAt = Date.now();
  }
  return trial.releasedAt !== null && (experiment.blocks.at(-1)?.openedAt ?? 0) > trial.releasedAt;
}
