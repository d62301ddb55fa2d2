import { compareOnline, type Comparison } from './compare.ts';
import { SURFACE, TENANT, type DemoContext } from './context.ts';
import { judgeCandidates } from './judge.ts';
import { takeSnapshot, trainCandidates } from './learn.ts';
import { prepareSurface } from './prepare.ts';
import { sendUnits, waitUntilMature, waitUntilStored, type StoredCounts } from './send-traffic.ts';
import type { CandidateSummary, DemoSummary } from './summary.ts';
import type { SentTraffic } from './traffic.ts';
import { trueDifference } from './truth.ts';

export interface LoopOptions {
  readonly units: number;
  readonly seed: number;
  /** What the store held before this run. */
  readonly before: StoredCounts;
}

type LoopResult = Omit<DemoSummary, 'duplicatesDropped' | 'transport' | 'seconds' | 'url'>;

/** Mean decisions of a unit in the demo's world, for the length of the bar only. */
const DECISIONS_PER_UNIT = 7;

/** decide → log → store → learn → judge → promote → compare → switch, all through the HTTP API. */
export async function runLoop(context: DemoContext, options: LoopOptions): Promise<LoopResult> {
  const { client, progress } = context;
  const champion = await prepareSurface(client, context.surface);
  const { logged, from, until } = await explore(context, options);
  progress.step('freezing a snapshot');
  const snapshot = await takeSnapshot(context, { from, until });
  progress.step('training three candidates in processes of their own');
  const candidates = await trainCandidates(context, snapshot, options.seed);
  progress.step('judging them on units that they never saw');
  const judged = await judgeCandidates(context, candidates, snapshot);

  const challenger = await chooseChallenger(context, judged);
  const comparison =
    challenger === undefined ? null : await experiment(context, champion, challenger.version, options.units);
  progress.step('counting what is stored');
  const sent = total([logged, ...(comparison?.sent ?? [])]);
  const stored = await waitUntilStored(context, options.before, sent);
  if (challenger !== undefined && comparison?.look.verdict === 'pass') {
    await client.setAlias(SURFACE, 'champion', challenger.version, `experiment ${comparison.id}: pass`);
  }
  progress.done();
  return {
    surface: SURFACE,
    ...stored,
    lateEvents: snapshot.lateEvents,
    snapshot: { rows: snapshot.rows, units: snapshot.units, hash: snapshot.hash },
    candidates: judged,
    experiment: experimentSummary(comparison, challenger),
    truth: challenger === undefined ? null : await truthOf(context, champion, challenger.version),
    champion: (await client.surface(SURFACE)).aliases.champion,
    trainingBackend: candidates[0].backend,
  };
}

/**
 * Of the candidates that passed the gate, the one whose gain over the champion is surest: the largest lower end of its interval.
 * The gate made each of them challenger in turn; this one stays.
 */
async function chooseChallenger(
  { client }: DemoContext,
  judged: readonly CandidateSummary[],
): Promise<CandidateSummary | undefined> {
  const gain = ({ differenceToChampion }: CandidateSummary): number =>
    differenceToChampion?.lower ?? -Infinity;
  const passed = judged.filter((candidate) => candidate.verdict === 'promote');
  const best = [...passed].sort((a, b) => gain(b) - gain(a)).at(0);
  if (best !== undefined && passed.length > 1)
    await client.setAlias(SURFACE, 'challenger', best.version, 'demo: the surest gain of those that passed');
  return best;
}

/** The exploring log: sent, stored, and old enough that every response window has closed. */
async function explore(
  context: DemoContext,
  { units, before }: LoopOptions,
): Promise<{ readonly logged: SentTraffic; readonly from: number; readonly until: number }> {
  const { progress, clock } = context;
  progress.step(`${String(units)} units use the feed`, units * DECISIONS_PER_UNIT);
  const from = clock();
  const logged = await sendUnits(context, 'log', units);
  const until = clock() + 1;
  progress.step('waiting until everything is stored and mature');
  await waitUntilStored(context, before, logged);
  await waitUntilMature(context, until);
  return { logged, from, until };
}

async function experiment(
  context: DemoContext,
  champion: string,
  challenger: string,
  units: number,
): Promise<Comparison> {
  context.progress.step('champion against challenger on fresh units', 2 * units * DECISIONS_PER_UNIT);
  return await compareOnline(context, { champion, challenger }, 2 * units);
}

function experimentSummary(
  comparison: Comparison | null,
  challenger: CandidateSummary | undefined,
): DemoSummary['experiment'] {
  if (comparison === null) {
    const reasons = ['no candidate passed the gate, so there was nothing to compare'];
    return {
      id: null,
      verdict: 'no data',
      reasons,
      effect: null,
      forecast: null,
      units: {},
      sampleRatio: 'no data',
      looks: 0,
    };
  }
  const { id, look, looks } = comparison;
  const effect = look.effect;
  return {
    id,
    verdict: look.verdict,
    reasons: look.reasons,
    effect: effect === null ? null : { value: effect.value, lower: effect.lower, upper: effect.upper },
    forecast: challenger?.differenceToChampion ?? null,
    units: look.units,
    sampleRatio: look.sampleRatio.state,
    looks,
  };
}

async function truthOf(
  { allot, world, surface }: DemoContext,
  champion: string,
  challenger: string,
): Promise<DemoSummary['truth']> {
  const [from, to] = await Promise.all([
    allot.stores.policies.artifact(TENANT, champion),
    allot.stores.policies.artifact(TENANT, challenger),
  ]);
  if (from === undefined || to === undefined) return null;
  return trueDifference(world, surface, { champion: from, challenger: to }, 'watch_seconds');
}

const total = (parts: readonly SentTraffic[]): StoredCounts => ({
  decisions: parts.reduce((sum, part) => sum + part.decisions, 0),
  exposures: parts.reduce((sum, part) => sum + part.exposures, 0),
  interactions: parts.reduce((sum, part) => sum + part.interactions, 0),
});
