import type { ExperimentInput } from '../../../../src/client/client.ts';

/** What goes wrong; everything but a bad version is planted while the experiment runs. */
export type Fault =
  | 'none'
  | 'bad version'
  | 'exposures lost'
  | 'split broken'
  | 'outcomes delayed'
  | 'no traffic'
  | 'never any traffic';

/** Means of the watch time (exponential, times a trait of the unit) and chances of a hide, by action. */
export interface ResponseModel {
  readonly watch: { readonly none: number; readonly live: number };
  readonly hide: { readonly none: number; readonly live: number };
}

/** One experiment on a surface of its own. */
export interface Scenario {
  /** Of the surface and of the experiment. */
  readonly name: string;
  readonly title: string;
  /** What its owner declared about it. */
  readonly declared: string;
  readonly fault: Fault;
  /** A/A: the treatment is the champion's version. */
  readonly isSameVersion?: boolean;
  /** Of the treatment's units (split), or of its exposures. */
  readonly lostShare?: number;
  readonly responses: ResponseModel;
  readonly metrics: NonNullable<ExperimentInput['metrics']>;
  readonly health: NonNullable<ExperimentInput['health']>;
  readonly expected: Expected;
}

export interface Expected {
  /** What the controller does at the look that finds it; `decide` for a treatment that is better. */
  readonly action: 'roll-back' | 'pause' | 'hold' | 'decide' | 'ramp';
  readonly state: 'rolled-back' | 'paused' | 'running' | 'decided';
  /** What its reason must name: one of these. */
  readonly names: readonly string[];
}

export const WINDOW_SECONDS = 2;
/** Of the champion and of a treatment that is another version. */
export const LIVE_SHARE = { champion: 0.3, challenger: 0.9 } as const;

/** How a round runs. */
export interface Pace {
  /** New units a second on each surface, at most. */
  readonly unitsPerSecond: number;
  readonly ramp: readonly number[];
  readonly step: { readonly minSeconds: number; readonly minUnits: number };
  /** From the start to the fault, at least; never before a look has found the first step of the ramp sound. */
  readonly plantAfterMs: number;
  /** How long a frozen pipeline stays frozen once that was noticed. */
  readonly frozenMs: number;
  /** How long a rollback is watched. */
  readonly watchedMs: number;
}

export const FULL_PACE: Pace = {
  unitsPerSecond: 30,
  ramp: [0.2, 0.3, 0.4, 0.5],
  step: { minSeconds: 6, minUnits: 20 },
  plantAfterMs: 10_000,
  frozenMs: 6_000,
  watchedMs: 6_000,
};

export const SHORT_PACE: Pace = {
  unitsPerSecond: 60,
  ramp: [0.2, 0.35, 0.5],
  step: { minSeconds: 2, minUnits: 20 },
  plantAfterMs: 3_000,
  frozenMs: 3_000,
  watchedMs: 3_000,
};

/** On a surface whose responses do not depend on the action: no version is better. */
const neutral: ResponseModel = { watch: { none: 10, live: 10 }, hide: { none: 0.05, live: 0.05 } };

const watchImproves = {
  name: 'watch',
  role: 'main',
  source: { response: 'watch' },
  rule: { kind: 'improve' },
} as const;
const hidesLimited = {
  name: 'hides',
  role: 'guardrail',
  source: { response: 'hide' },
  rule: { kind: 'limit', direction: 'at-most', threshold: 0.2 },
} as const;
const metrics: Scenario['metrics'] = [watchImproves, hidesLimited];
const watchMustNotFall: Scenario['metrics'] = [
  {
    ...watchImproves,
    source: { response: 'hide' },
    name: 'hides',
    rule: { kind: 'improve', better: 'lower' },
  },
  { ...watchImproves, role: 'guardrail', rule: { kind: 'not-worse', margin: 1 } },
];
const watchIsSignal: Scenario['metrics'] = [
  watchMustNotFall[0],
  { ...watchImproves, role: 'signal', rule: { kind: 'not-worse', margin: 1 } },
];
const hold: Scenario['health'] = { onFailure: 'hold', noTrafficSeconds: 60 };
const rollBack: Scenario['health'] = { ...hold, onFailure: 'roll-back' };
const held: Expected = { action: 'hold', state: 'running', names: [] };
const rolledBack: Expected = { action: 'roll-back', state: 'rolled-back', names: [] };
const worseWatch: ResponseModel = { watch: { none: 10, live: 4 }, hide: neutral.hide };

export const costUp: Scenario = {
  name: 'cost-up',
  title: 'constraint cost up in the treatment',
  declared: 'guardrail: hides at most 0.2 of decisions',
  fault: 'bad version',
  responses: { watch: neutral.watch, hide: { none: 0.02, live: 0.4 } },
  metrics,
  health: hold,
  expected: { ...rolledBack, names: ['hides'] },
};

const mainDown: Scenario = {
  name: 'main-down',
  title: 'main response down in the treatment',
  declared: 'main: watch must improve',
  fault: 'bad version',
  responses: worseWatch,
  metrics,
  health: hold,
  expected: { ...rolledBack, names: ['watch'] },
};

const exposuresLost: Scenario = {
  name: 'exposures-lost',
  title: 'half of the treatment’s exposures lost',
  declared: 'health: hold',
  fault: 'exposures lost',
  lostShare: 0.5,
  responses: neutral,
  metrics,
  health: hold,
  expected: { ...held, names: ['delivery', 'outcomes'] },
};

const splitBroken: Scenario = {
  name: 'split-broken',
  title: '60 % of the treatment’s buckets never reach the service',
  declared: 'health: hold',
  fault: 'split broken',
  lostShare: 0.6,
  responses: neutral,
  metrics,
  health: hold,
  expected: { ...held, names: ['sample-ratio'] },
};

export const outcomesDelayed: Scenario = {
  name: 'outcomes-delayed',
  title: 'feedback pipeline frozen, then released',
  declared: 'health: hold',
  fault: 'outcomes delayed',
  responses: neutral,
  metrics,
  health: hold,
  expected: { ...held, names: ['outcomes'] },
};

const noTraffic: Scenario = {
  name: 'no-traffic',
  title: 'traffic stops',
  declared: 'health: hold; 5 s without a new unit',
  fault: 'no traffic',
  responses: neutral,
  metrics,
  health: { ...hold, noTrafficSeconds: 5 },
  expected: { ...held, names: ['traffic'] },
};

const sameVersions: Scenario = {
  name: 'a-a',
  title: 'healthy: the same version on both sides',
  declared: 'all of the above',
  fault: 'none',
  isSameVersion: true,
  responses: neutral,
  metrics: [...metrics, { ...watchIsSignal[1], name: 'watch-signal' }],
  health: rollBack,
  expected: { action: 'ramp', state: 'running', names: [] },
};

export const better: Scenario = {
  name: 'better',
  title: 'healthy: the treatment is better',
  declared: 'main: watch must improve',
  fault: 'none',
  responses: { watch: { none: 10, live: 18 }, hide: { none: 0.02, live: 0.02 } },
  metrics,
  health: rollBack,
  expected: { action: 'decide', state: 'decided', names: ['proven good'] },
};

/** Side by side in one world, each with its declaration; healthy ones beside them. */
export const scenarios: readonly Scenario[] = [
  costUp,
  mainDown,
  {
    ...mainDown,
    name: 'main-down-guardrail',
    declared: 'guardrail: watch not worse by more than 1 s',
    metrics: watchMustNotFall,
  },
  {
    ...mainDown,
    name: 'main-down-signal',
    declared: 'signal: watch not worse by more than 1 s',
    metrics: watchIsSignal,
    expected: { action: 'pause', state: 'paused', names: ['watch'] },
  },
  exposuresLost,
  {
    ...exposuresLost,
    name: 'exposures-lost-back',
    declared: 'health: roll back',
    health: rollBack,
    expected: { ...rolledBack, names: exposuresLost.expected.names },
  },
  {
    ...exposuresLost,
    name: 'exposures-all-lost',
    title: 'all of the treatment’s exposures lost',
    lostShare: 1,
  },
  splitBroken,
  {
    ...splitBroken,
    name: 'split-broken-back',
    declared: 'health: roll back',
    health: rollBack,
    expected: { ...rolledBack, names: splitBroken.expected.names },
  },
  outcomesDelayed,
  noTraffic,
  { ...noTraffic, name: 'never-any-traffic', title: 'no traffic from the start', fault: 'never any traffic' },
  sameVersions,
  {
    ...sameVersions,
    name: 'other-version',
    title: 'healthy: another version, no better and no worse',
    isSameVersion: false,
  },
  better,
];

/** The form of the test suite. */
export const fewScenarios: readonly Scenario[] = [costUp, outcomesDelayed, sameVersions, better];
