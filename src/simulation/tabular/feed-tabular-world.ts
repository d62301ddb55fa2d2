import type { TabularOutcome, TabularState, TabularWorld } from './tabular-world.ts';

interface Coordinates {
  readonly group: (typeof groups)[number];
  /** 0, 1 or 2. */
  readonly fatigue: number;
  readonly quality: number;
  /** −1, 0 or 1. */
  readonly satisfaction: number;
}

/** Active days stand for the group; inactive groups have less interest in streams and are touchier. */
const groups = [
  { days: 3, share: 0.4, interest: -0.8, touchiness: 1.7 },
  { days: 13, share: 0.35, interest: 0, touchiness: 1 },
  { days: 25, share: 0.25, interest: 0.9, touchiness: 0.7 },
] as const;
const fatigues = [0, 1, 2] as const;
const qualities = [0.2, 0.5, 0.8] as const;
const qualityShares = [0.3, 0.4, 0.3] as const;
const satisfactions = [-1, 0, 1] as const;

const SHORT_SECONDS = 45;
const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

/**
 * The built-in tabular world: activity group × fatigue × candidate quality × satisfaction, 81 states. Inserting a stream
 * pays where it is entered and costs short-video time, hides and sessions elsewhere; fatigue and satisfaction carry
 * the consequences on. The limit on hides binds: without it more streams would be inserted.
 */
export function feedTabularWorld(): TabularWorld {
  return {
    name: 'tabular-feed',
    discount: 0.95,
    actions: ['none', 'live'],
    dimensions: [
      { name: 'activityDays30', levels: groups.map(({ days }) => days), isGroup: true },
      { name: 'fatigue', levels: fatigues },
      { name: 'candidateQuality', levels: qualities },
      { name: 'satisfaction', levels: satisfactions },
    ],
    responses: [
      { name: 'watch_seconds', role: 'main', kind: 'amount', spread: 0.6, unit: 's' },
      { name: 'like', role: 'auxiliary', kind: 'event', unit: 'events' },
      { name: 'hide', role: 'cost', kind: 'event', unit: 'events' },
      { name: 'displaced_seconds', role: 'cost', kind: 'amount', spread: 0.6, unit: 's' },
    ],
    constraints: [
      { name: 'hide-rate', on: { response: 'hide' }, direction: 'at-most', threshold: 0.01 },
      { name: 'displaced', on: { response: 'displaced_seconds' }, direction: 'at-most', threshold: 5 },
      { name: 'live-share', on: 'share-of-actions', direction: 'at-most', threshold: 0.25 },
    ],
    explorationFloor: 0.1,
    states: coordinates.map(stateOf),
  };
}

const coordinates: readonly Coordinates[] = groups.flatMap((group) =>
  fatigues.flatMap((fatigue) =>
    qualities.flatMap((quality) =>
      satisfactions.map((satisfaction) => ({ group, fatigue, quality, satisfaction })),
    ),
  ),
);

function stateOf(at: Coordinates): TabularState {
  const isFresh = at.fatigue === 0 && at.satisfaction === 0;
  return {
    at: [at.group.days, at.fatigue, at.quality, at.satisfaction],
    start: isFresh ? at.group.share * qualityShares[qualities.indexOf(at.quality as 0.5)] : 0,
    actions: [nothing(at), live(at)],
  };
}

const unrest = ({ satisfaction }: Coordinates): number =>
  0.04 * Math.max(0, -satisfaction) - 0.02 * Math.max(0, satisfaction);

/** Fatigue falls and satisfaction returns to rest, each by chance. */
function nothing(at: Coordinates): TabularOutcome {
  const rest = Math.sign(at.satisfaction);
  return {
    next: transitions(at, 1 - (0.07 + unrest(at)), {
      fatigue: [
        [Math.max(0, at.fatigue - 1), 0.5],
        [at.fatigue, 0.5],
      ],
      satisfaction: [
        [at.satisfaction - rest, 0.2],
        [at.satisfaction, 0.8],
      ],
    }),
    means: { watch_seconds: SHORT_SECONDS, like: 0.04, hide: 0.004, displaced_seconds: 0 },
  };
}

/** Entered with probability e or skipped: a mixture of two outcomes. */
function live(at: Coordinates): TabularOutcome {
  const { group, fatigue, quality, satisfaction } = at;
  const e = logistic(-0.4 + 1.5 * group.interest + 3 * (quality - 0.5) - 0.7 * fatigue + 0.3 * satisfaction);
  const watched = 130 * Math.exp(0.3 * group.interest + 0.8 * (quality - 0.5)) * (1 - 0.2 * fatigue);
  const displaced = SHORT_SECONDS * (e * 0.75 + (1 - e) * 0.3);
  const leave = e * 0.06 + (1 - e) * (0.07 + 0.015 * group.touchiness) + unrest(at);
  const better = 0.5 * e;
  const worse = Math.min(0.9, 0.4 * group.touchiness) * (1 - e);
  return {
    next: transitions(at, 1 - leave, {
      fatigue: [
        [Math.min(2, fatigue + 1), 0.7],
        [fatigue, 0.3],
      ],
      satisfaction: [
        [Math.min(1, satisfaction + 1), better],
        [Math.max(-1, satisfaction - 1), worse],
        [satisfaction, 1 - better - worse],
      ],
    }),
    means: {
      watch_seconds: SHORT_SECONDS - displaced + e * watched,
      like: 0.04 + 0.14 * e - 0.02 * (1 - e),
      hide: e * 0.004 + (1 - e) * 0.05 * group.touchiness,
      displaced_seconds: displaced,
    },
  };
}

/** The group stays, fatigue and satisfaction move independently, the next candidate's quality is drawn anew. */
function transitions(
  at: Coordinates,
  stay: number,
  moves: Readonly<Record<'fatigue' | 'satisfaction', readonly (readonly [number, number])[]>>,
): (readonly [number, number])[] {
  const next = new Map<number, number>();
  for (const [fatigue, p] of moves.fatigue)
    for (const [satisfaction, q] of moves.satisfaction)
      qualities.forEach((quality, i) => {
        const target = coordinates.findIndex(
          (c) =>
            c.group === at.group &&
            c.fatigue === fatigue &&
            c.quality === quality &&
            c.satisfaction === satisfaction,
        );
        next.set(target, (next.get(target) ?? 0) + stay * p * q * qualityShares[i]);
      });
  return [...next].filter(([, p]) => p > 0).sort(([a], [b]) => a - b);
}
