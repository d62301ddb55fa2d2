import type { GateLine } from '../../../src/core/ope/gate-verdict.ts';
import { judgeCandidate } from '../../../src/core/ope/gate.ts';
import { DECISIONS } from '../../../src/core/ope/sequential/marginal-dr.ts';
import {
  gateEstimandOf,
  mainResponseOf,
  type GateEstimand,
  type Surface,
} from '../../../src/core/surface/surface.ts';
import type { LivePolicy } from '../../../src/simulation/policies.ts';
import type { Dataset } from '../../dataset/dataset.ts';
import { fitRewardModels } from '../../evaluation/reward-models.ts';
import { evaluateSessions, sessionSides } from '../../evaluation/session-evaluation.ts';
import { toBanditLog } from '../../evaluation/to-bandit-log.ts';
import { simulatedDataset } from '../learning/simulated-dataset.ts';
import type { StudyRun } from '../study-run.ts';
import type { StudyTable } from '../study-table.ts';
import { sessionTruth, type SessionTruth } from './session-truth.ts';
import { gateCandidates, gateWorlds, type GateWorld } from './worlds.ts';

const RESAMPLES = 300;

/** The gate per session and per decision on the same logs of worlds whose true session totals are known. */
export async function sessionGate(study: StudyRun): Promise<StudyTable[]> {
  const repetitions = study.repetitions ?? (study.isShort ? 2 : 20);
  const worlds = study.isShort ? gateWorlds().slice(0, 1) : gateWorlds();
  study.progress.step('judging per session', worlds.length * repetitions);
  const tallies: Tally[] = [];
  for (const world of worlds) {
    const candidates = Object.entries(gateCandidates(world)).map(([name, policy]) =>
      newTally(world, name, policy, study),
    );
    for (let r = 0; r < repetitions; r++) {
      const seed = study.seed + 1000 + r;
      const dataset = simulatedDataset(world.config, world.surface, { units: world.units, seed });
      const rewardModels = fitRewardModels(dataset);
      for (const tally of candidates) judge(tally, dataset, rewardModels, seed);
      study.progress.advance();
      await new Promise(setImmediate);
    }
    tallies.push(...candidates);
  }
  study.progress.done();
  return [tableOf(tallies, repetitions)];
}

type Verdicts = Record<'promote' | 'refuse' | 'insufficient evidence', number>;

interface Tally {
  readonly world: GateWorld;
  readonly name: string;
  readonly policy: LivePolicy;
  readonly truth: ReadonlyMap<string, SessionTruth>;
  readonly isFine: boolean;
  runs: number;
  covered: number;
  error: number;
  halfWidth: number;
  readonly main: Record<GateEstimand, Record<GateLine['state'], number>>;
  readonly verdicts: Verdicts;
}

function newTally(world: GateWorld, name: string, policy: LivePolicy, study: StudyRun): Tally {
  const units = study.isShort ? 1000 : 8000;
  const truth = sessionTruth(world.config, policy, { units, seed: study.seed });
  const states = () => ({ holds: 0, violated: 0, undecided: 0 });
  return {
    world,
    name,
    policy,
    truth,
    isFine: keepsMargins(world.surface, truth),
    runs: 0,
    covered: 0,
    error: 0,
    halfWidth: 0,
    main: { 'per-session': states(), 'per-decision': states() },
    verdicts: { promote: 0, refuse: 0, 'insufficient evidence': 0 },
  };
}

const of = (truth: ReadonlyMap<string, SessionTruth>, name: string): SessionTruth =>
  truth.get(name) ?? { candidate: NaN, behavior: NaN };

/** Whether every margin and every limit on a response holds in truth, per session. */
function keepsMargins(
  { gate, constraints, ...surface }: Surface,
  truth: ReadonlyMap<string, SessionTruth>,
): boolean {
  const length = of(truth, DECISIONS);
  const main = mainResponseOf({ gate, constraints, ...surface })?.name ?? '';
  const margins = Object.entries({ ...gate.auxiliaryMargins, [main]: gate.mainMargin });
  const keeps = margins.every(([name, margin]) => {
    const { candidate, behavior } = of(truth, name);
    return candidate - behavior >= -margin * length.behavior;
  });
  return (
    constraints.every(({ on, threshold }) => {
      return on === 'share-of-actions' || of(truth, on.response).candidate / length.candidate <= threshold;
    }) && keeps
  );
}

function judge(
  tally: Tally,
  dataset: Dataset,
  rewardModels: ReadonlyMap<string, Float64Array>,
  seed: number,
): void {
  const { world, policy, truth } = tally;
  const probabilities = chancesOf(world, policy, dataset);
  const main = mainResponseOf(world.surface)?.name ?? '';
  for (const estimand of ['per-session', 'per-decision'] as const) {
    const surface = { ...world.surface, gate: { ...world.surface.gate, estimand } };
    const sessions = sessionSides(dataset, surface, probabilities, 'behavior');
    const { lines, verdict } = judgeCandidate({
      surface,
      log: toBanditLog(dataset),
      candidate: { kind: 'distribution', actionCount: surface.actions.length, probabilities },
      champion: 'behavior',
      resamples: RESAMPLES,
      seed,
      ...(sessions === undefined ? { rewardModels } : { sessions }),
      artifactHash: '',
      snapshotHash: dataset.manifest.contentHash,
    });
    const line = lines.find(({ name }) => name === `main: ${main}`);
    if (line !== undefined) tally.main[gateEstimandOf(surface)][line.state] += 1;
    if (estimand === 'per-decision') continue;
    tally.verdicts[verdict] += 1;
    const options = { level: surface.gate.level, resamples: RESAMPLES, seed, maxUnitShare: 1 };
    const found = evaluateSessions(sessions, surface, options)?.responses.find(
      ({ response }) => response === main,
    );
    if (found === undefined) continue;
    const { candidate, behavior } = of(truth, main);
    const { value, lower, upper } = found.difference;
    tally.runs += 1;
    tally.covered += Number(lower <= candidate - behavior && candidate - behavior <= upper);
    tally.error += value - (candidate - behavior);
    tally.halfWidth += (upper - lower) / 2;
  }
}

function chancesOf({ surface }: GateWorld, policy: LivePolicy, dataset: Dataset): Float64Array {
  const k = surface.actions.length;
  const chances = new Float64Array(dataset.rows * k);
  for (let row = 0; row < dataset.rows; row++) {
    const share = dataset.isForced[row] === 1 ? 0 : policy(dataset.features[row]);
    chances.fill(share / (k - 1), row * k, (row + 1) * k);
    chances[row * k] = 1 - share;
  }
  return chances;
}

const counts = ({ holds, violated, undecided }: Record<GateLine['state'], number>): string =>
  `${holds}/${violated}/${undecided}`;

function tableOf(tallies: readonly Tally[], repetitions: number): StudyTable {
  const level = tallies[0].world.surface.gate.level;
  const bad = tallies.filter(({ isFine }) => !isFine);
  const wrong = bad.reduce((sum, { verdicts }) => sum + verdicts.promote, 0);
  const tried = bad.length * repetitions;
  const perDecision = bad
    .filter((tally) => worseBySession(tally))
    .reduce((sum, { main }) => sum + main['per-decision'].holds, 0);
  return {
    title: `The gate per session beside the gate per decision (${repetitions} logs per world)`,
    notes: [
      'Differences of watch_seconds to the behaviour policy per session: truth (sessions that begin where those of the log begin), and the margin −m × decisions of a session. ' +
        `Covered: intervals at ${100 * level} % that hold the truth; error and half width: means. Main line: holds/violated/undecided, judged per session and per decision. ` +
        'Verdict of the whole gate per session: promote/refuse/insufficient. Fine: every margin and every limit on a response holds in truth.',
    ],
    header: [
      'world, policy',
      'truth',
      'margin',
      'covered',
      'error',
      '± half width',
      'main line, per session',
      'main line, per decision',
      'verdict, per session',
      'fine',
    ],
    rows: tallies.map((tally) => rowOf(tally)),
    claims: [
      {
        claim: `wrong promotions per session: ${wrong} of ${tried} logs of policies that are not fine (main lines that hold per decision for policies truly below the margin: ${perDecision})`,
        holds: wrong <= (1 - level) * tried,
      },
    ],
  };
}

const marginOf = ({ world, truth }: Tally): number =>
  -world.surface.gate.mainMargin * of(truth, DECISIONS).behavior;

function differenceOf({ world, truth }: Tally): number {
  const { candidate, behavior } = of(truth, mainResponseOf(world.surface)?.name ?? '');
  return candidate - behavior;
}

const worseBySession = (tally: Tally): boolean => differenceOf(tally) < marginOf(tally);

function rowOf(tally: Tally): string[] {
  const { world, name, runs, covered, error, halfWidth, main, verdicts, isFine } = tally;
  return [
    `${world.name}, ${name}`,
    differenceOf(tally).toFixed(0),
    marginOf(tally).toFixed(0),
    `${covered} of ${runs}`,
    (error / runs).toFixed(0),
    (halfWidth / runs).toFixed(0),
    counts(main['per-session']),
    counts(main['per-decision']),
    `${verdicts.promote}/${verdicts.refuse}/${verdicts['insufficient evidence']}`,
    isFine ? 'yes' : 'no',
  ];
}
