import { closeLoop } from '../../service/experiment-analysis/close-loop.ts';
import type { ExperimentLook } from '../../service/experiment-analysis/experiment-analysis.ts';
import { TENANT, WINDOW_SECONDS, type DemoContext } from './context.ts';
import { sendUnits } from './send-traffic.ts';
import type { SentTraffic } from './traffic.ts';
import { pause } from './wait.ts';

/** Units between two looks of the demo; the controller looks by its own clock meanwhile. */
const UNITS_PER_LOOK = 600;

export interface Comparison {
  readonly id: string;
  readonly look: ExperimentLook;
  readonly looks: number;
  readonly sent: readonly SentTraffic[];
}

/**
 * An experiment between the champion and the challenger on fresh units, looked at while it runs: it ends at the first
 * decisive verdict (looking often is allowed) or with the units.
 */
export async function compareOnline(
  context: DemoContext,
  variants: { readonly champion: string; readonly challenger: string },
  maxUnits: number,
): Promise<Comparison> {
  const { client, surface, tag } = context;
  const { id } = await client.createExperiment({
    surface: surface.name,
    name: `demo-${tag}`,
    variants: [
      { name: 'champion', role: 'control', policyVersion: variants.champion },
      { name: 'challenger', role: 'treatment', policyVersion: variants.challenger },
    ],
  });
  await client.startExperiment(id, { reason: 'demo' });
  const sent: SentTraffic[] = [];
  for (let units = 0; units < maxUnits; units += UNITS_PER_LOOK) {
    const size = Math.min(UNITS_PER_LOOK, maxUnits - units);
    sent.push(await sendUnits(context, `ab${String(sent.length)}`, size));
    const look = await lookAt(context, id);
    if (look.verdict === 'pass' || look.verdict === 'fail') return await conclude(context, id, look, sent);
  }
  // The last units' windows: a unit enters when the decisions of its first W seconds are mature.
  await pause(2000 * WINDOW_SECONDS + 500, context.signal);
  return await conclude(context, id, await lookAt(context, id), sent);
}

async function lookAt({ client }: DemoContext, id: string): Promise<ExperimentLook> {
  const [look] = await client.experimentResults<readonly ExperimentLook[]>(id);
  return look;
}

async function conclude(
  context: DemoContext,
  id: string,
  look: ExperimentLook,
  sent: readonly SentTraffic[],
): Promise<Comparison> {
  const { client, allot } = context;
  const experiment = await client.experiment(id);
  await closeLoop(allot.stores.forecasts, experiment, look, { tenant: TENANT, id: 'demo' });
  // The controller may have rolled it back by itself.
  if (experiment.state === 'running') await client.stopExperiment(id, `verdict: ${look.verdict}`);
  const { stored } = await allot.stores.experiments.looks(TENANT, id, { limit: 1 });
  return { id, look, looks: stored, sent };
}
