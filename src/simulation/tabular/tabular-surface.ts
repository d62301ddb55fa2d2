import type { FeatureValues, GroupSpec, ResponseSpec, Surface } from '../../core/surface/surface.ts';
import type { TabularDimension, TabularResponse, TabularState, TabularWorld } from './tabular-world.ts';

/** An amount is cut off here: this many times the largest mean, where nothing realistic is left above. */
const AMOUNT_ROOM = 1000;

/** The decision point of a tabular world: its coordinates are the features, so the state is fully seen. */
export function tabularSurface(world: TabularWorld): Surface {
  const group = world.dimensions.find((dimension) => dimension.isGroup === true);
  return {
    name: world.name,
    schemaVersion: 1,
    actions: world.actions,
    nullAction: world.actions[0],
    features: world.dimensions.map(({ name, levels }) => ({
      name,
      type: 'numeric' as const,
      min: levels[0],
      max: levels[levels.length - 1],
    })),
    groups: group === undefined ? null : groupsOf(group),
    responses: world.responses.map((response) => responseSpec(world, response)),
    constraints: world.constraints,
    explorationFloor: world.explorationFloor,
    caps: [],
    pacing: null,
    horizon: 'session',
    completeness: 'window',
    gate: { estimator: 'snips', level: 0.95, mainMargin: 1, auxiliaryMargins: {}, minEffectiveUnits: 100 },
  };
}

const groupsOf = ({ name, levels }: TabularDimension): GroupSpec => ({
  feature: name,
  bounds: levels.slice(1),
  names: ['unknown', ...levels.map((level) => `${name}-${level}`)],
});

function responseSpec(world: TabularWorld, response: TabularResponse): ResponseSpec {
  const { name, role, kind, unit } = response;
  const largest = Math.max(...world.states.flatMap(({ actions }) => actions.map(({ means }) => means[name])));
  const max = kind === 'event' ? 1 : kind === 'exact' ? largest + 1 : AMOUNT_ROOM * (largest + 1);
  const aggregate = kind === 'event' ? 'any' : 'sum';
  return { name, role, interaction: name, aggregate, unit, min: 0, max, windowSeconds: 60, default: 0 };
}

/** What a policy sees of a state. */
export const featuresOf = (world: TabularWorld, state: TabularState): FeatureValues =>
  Object.fromEntries(world.dimensions.map(({ name }, i) => [name, state.at[i]]));
