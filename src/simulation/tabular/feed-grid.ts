import type { UnitState } from '../outcome.ts';
import type { FeedWorldConfig } from '../world.ts';
import { indexOf, interpolate, levelsOf } from './grid.ts';
import type { TabularDimension } from './tabular-world.ts';

/** Lower and upper half of a group's live interest, and of candidate quality. */
export const halves = [0, 1] as const;

/** Indices of the levels of a state, in the order of the dimensions. */
export type Place = readonly number[];

/** The states of the tabular counterpart of a feed world. */
export interface FeedGrid {
  readonly dimensions: readonly TabularDimension[];
  readonly sizes: readonly number[];
}

export function feedGrid({ groups, dynamics: d }: FeedWorldConfig): FeedGrid {
  const tired = highest(d.fatigueGain, d.fatigueDecay);
  const dimensions = [
    { name: 'activityDays30', levels: groups.map((group) => group.activityDays.min), isGroup: true },
    { name: 'liveInterest', levels: halves },
    { name: 'candidateQuality', levels: halves.map((half) => 0.25 + half / 2) },
    { name: 'fatigue', levels: levelsOf(0, tired / 2, tired) },
    { name: 'boredom', levels: levelsOf(0, highest(d.boredomGain, d.boredomDecay)) },
    { name: 'satisfaction', levels: [-1, 0, 1] },
  ];
  return { dimensions, sizes: dimensions.map(({ levels }) => levels.length) };
}

/** Where f ← f · decay + gain ends. */
const highest = (gain: number, decay: number): number => Math.min(1, decay < 1 ? gain / (1 - decay) : 1);

export function stateAt({ dimensions }: FeedGrid, place: Place): UnitState {
  const [fatigue, boredom, satisfaction] = [3, 4, 5].map((d) => dimensions[d].levels[place[d]]);
  return { fatigue, boredom, satisfaction, requestsSinceLive: null };
}

/**
 * The states after a request: group and interest stay, the next candidate is drawn anew, and what is between levels is moved
 * to the levels around it, keeping its mean. Adds `mass` to `next`.
 */
export function addNext(
  grid: FeedGrid,
  place: Place,
  to: UnitState,
  mass: number,
  next: Map<number, number>,
): void {
  const [group, half] = place;
  const { dimensions, sizes } = grid;
  for (const [f, pf] of interpolate(dimensions[3].levels, to.fatigue))
    for (const [b, pb] of interpolate(dimensions[4].levels, to.boredom))
      for (const [s, ps] of interpolate(dimensions[5].levels, to.satisfaction))
        for (const quality of halves) {
          const target = indexOf(sizes, [group, half, quality, f, b, s]);
          next.set(target, (next.get(target) ?? 0) + (mass * pf * pb * ps) / halves.length);
        }
}
