import type { AllotClient } from '../../../../src/client/client.ts';
import { createRandom } from '../../../../src/core/math/random.ts';
import { newLedger } from './ledger.ts';
import { LIVE_SHARE, WINDOW_SECONDS, type Pace, type Scenario } from './scenario.ts';
import type { Trial } from './trial.ts';
import { Visitors } from './visitors.ts';
import type { RegressionWorld } from './world.ts';

export interface TrialOptions {
  readonly seed: number;
  readonly pace: Pace;
}

/** Declares a scenario's surface, policies and experiment, and starts it. */
export async function startTrial(
  { clients }: RegressionWorld,
  scenario: Scenario,
  { seed, pace }: TrialOptions,
): Promise<Trial> {
  const [client] = clients;
  const id = `${scenario.name}-${String(seed)}`;
  const { champion, treatment } = await declarePolicies(client, id, scenario);
  await client.createExperiment({
    surface: id,
    name: id,
    variants: [
      { name: 'control', role: 'control', policyVersion: champion },
      { name: 'treatment', role: 'treatment', policyVersion: treatment },
    ],
    ramp: { steps: pace.ramp.map((trafficShare) => ({ trafficShare, ...pace.step })) },
    metrics: scenario.metrics,
    health: scenario.health,
    minUnits: 30,
    tunedAtUnits: 200,
  });
  const experiment = await client.startExperiment(id);
  const now = Date.now();
  const random = createRandom(seed).fork(scenario.name);
  const isPlantedAtOnce = scenario.fault === 'bad version' || scenario.fault === 'never any traffic';
  return {
    scenario,
    id,
    // Of an A/A nothing by the champion counts as treated.
    treatment: scenario.isSameVersion === true ? '' : treatment,
    visitors: new Visitors(id, random, pace.unitsPerSecond, now),
    ledger: newLedger(clients.length),
    startedAt: now,
    plantedAt: isPlantedAtOnce ? now : null,
    releasedAt: null,
    experiment,
  };
}

async function declarePolicies(client: AllotClient, surface: string, scenario: Scenario) {
  await client.declareSurface(surface, {
    actions: ['none', 'live'],
    responses: [
      { name: 'watch', role: 'main', unit: 's', max: 200, windowSeconds: WINDOW_SECONDS },
      { name: 'hide', role: 'cost', aggregate: 'any', windowSeconds: WINDOW_SECONDS },
    ],
  });
  const publish = async (live: number): Promise<string> =>
    (await client.publishFixedPolicy(surface, { none: 1 - live, live })).version;
  const champion = await publish(LIVE_SHARE.champion);
  await client.setAlias(surface, 'champion', champion);
  return {
    champion,
    treatment: scenario.isSameVersion === true ? champion : await publish(LIVE_SHARE.challenger),
  };
}
