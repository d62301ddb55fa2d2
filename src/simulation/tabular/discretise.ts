import { createRandom, type Random } from '../../core/math/random.ts';
import { invariant } from '../../core/check.ts';
import type { Situation } from '../outcome.ts';
import { sessionFeedSurface } from '../surface.ts';
import { drawUnit, type UnitTraits } from '../unit.ts';
import type { FeedWorldConfig } from '../world.ts';
import { cellOutcomes } from './cell-outcomes.ts';
import { addNext, feedGrid, halves, stateAt, type FeedGrid, type Place } from './feed-grid.ts';
import { combinations } from './grid.ts';
import type { TabularOutcome, TabularResponse, TabularState, TabularWorld } from './tabular-world.ts';

/** Units of each group and half of its live interest, and so situations that a cell is averaged over. */
const UNITS_PER_HALF = 100;
const MOST_DRAWS = 400_000;
const DISCOUNT = 0.95;
/** σ of the logarithm of amounts in sampled logs: a log-normal stands in for the feed world's mixture. */
const SPREAD = 0.8;
/** They belong to the end of a session, which a tabular world draws apart from the responses. */
const leftOut: readonly string[] = ['session_end', 'return_next_day'];

/**
 * The tabular counterpart of a feed world: group × half of its live interest × half of candidate quality × fatigue × boredom ×
 * satisfaction, with means over seeded units of the cell (the same ones in every cell). Approximations: what a unit is
 * within its cell is drawn anew at every request; states between levels are moved to the levels around them, keeping their
 * mean; the largest number of requests n becomes a constant chance 1/n to end; the first day, without drift; nothing
 * late or lost.
 */
export function discretise(config: FeedWorldConfig, seed = 1): TabularWorld {
  const surface = sessionFeedSurface(config, { name: config.name });
  const grid = feedGrid(config);
  const random = createRandom(seed);
  const units = drawHalves(config, random.fork('units'));
  const responses = surface.responses.filter(({ name }) => !leftOut.includes(name));
  return {
    name: surface.name,
    discount: DISCOUNT,
    actions: surface.actions,
    dimensions: grid.dimensions,
    responses: responses.map(({ name, role, aggregate, unit }): TabularResponse => {
      return aggregate === 'any'
        ? { name, role, kind: 'event', unit }
        : { name, role, kind: 'amount', spread: SPREAD, unit };
    }),
    constraints: surface.constraints,
    explorationFloor: surface.explorationFloor,
    states: combinations(grid.sizes).map((place): TabularState => {
      const situations = situationsOf(config, grid, place, units[place[0]][place[1]]);
      const isFresh = [3, 4, 5].every((d) => grid.dimensions[d].levels[place[d]] === 0);
      return {
        at: place.map((level, d) => grid.dimensions[d].levels[level]),
        start: isFresh ? config.groups[place[0]].share / (halves.length * halves.length) : 0,
        actions: surface.actions.map((_, action) =>
          tabularOutcome(grid, place, cellOutcomes(situations, action, random.fork('noise'))),
        ),
      };
    }),
  };
}

function tabularOutcome(
  grid: FeedGrid,
  place: Place,
  { means, after }: ReturnType<typeof cellOutcomes>,
): TabularOutcome {
  const next = new Map<number, number>();
  for (const { mass, state } of after) addNext(grid, place, state, mass, next);
  return { means, next: [...next].filter(([, p]) => p > 0).sort(([a], [b]) => a - b) };
}

/** Units by group and half, each at its first hour; candidate quality evenly over its half. */
function situationsOf(
  config: FeedWorldConfig,
  grid: FeedGrid,
  place: Place,
  units: readonly UnitTraits[],
): Situation[] {
  return units.map((unit, i) => {
    const quality = (place[2] + (i + 0.5) / units.length) / halves.length;
    const request = {
      hour: unit.firstHour,
      isLiveAvailable: true,
      quality,
      candidateScore: quality,
      liveInterestShift: 0,
      touchinessFactor: 1,
    };
    return { config, unit, state: stateAt(grid, place), request };
  });
}

/** The first units of every group and half that the world's own draw meets. */
function drawHalves(config: FeedWorldConfig, random: Random): UnitTraits[][][] {
  const found = config.groups.map(() => halves.map((): UnitTraits[] => []));
  const isShort = (): boolean =>
    found.some((of, g) => config.groups[g].share > 0 && of.some((units) => units.length < UNITS_PER_HALF));
  for (let i = 0; i < MOST_DRAWS && isShort(); i++) {
    const unit = drawUnit(config, `u${i}`, random.fork(`${i}`));
    const group = config.groups.indexOf(unit.group);
    const half = unit.liveInterest < unit.group.liveInterestMean ? 0 : 1;
    if (found[group][half].length < UNITS_PER_HALF) found[group][half].push(unit);
  }
  found.forEach((of) => {
    // With no spread of interest everybody is in one half, and an empty group is nobody: the other cells are never reached.
    const some = of.find((units) => units.length > 0) ?? found.flat().find((units) => units.length > 0);
    invariant(some !== undefined, 'a world has units');
    of.forEach((units) => units.length === 0 && units.push(...some));
  });
  return found;
}
