import type { TabularWorld } from '../../../src/simulation/tabular/tabular-world.ts';
import { algorithmNames, createAlgorithm } from '../../learning/algorithms/create-algorithm.ts';
import type { OptimumSettings } from './settings.ts';

/** A row of the study: something that becomes a policy of the tabular world. */
export type OptimumMethod = { readonly name: string } & (
  | {
      readonly arm: 'trained';
      readonly algorithm: string;
      readonly config: Readonly<Record<string, unknown>>;
      readonly limits: LimitKnowledge;
    }
  | { readonly arm: 'always'; readonly action: number }
  | { readonly arm: 'behavior' }
  /** What maximises the immediate main response, from its true means. */
  | { readonly arm: 'greedy' }
);

/** How a method learns of limits: holds them itself, is given the exact multipliers, or not at all. */
export type LimitKnowledge = 'holds' | 'exact λ' | 'none';

/**
 * Trivial arms, then every algorithm of the registry: once as it is (an algorithm that holds limits takes the declared
 * ones), and, where it only knows a reward, once with the programme's exact multipliers as fixed ones.
 *
 * @param multipliers λ by response (or `share-of-actions`) of the constrained optimum
 */
export function optimumMethods(
  world: TabularWorld,
  settings: OptimumSettings,
  multipliers: Readonly<Record<string, number>>,
): OptimumMethod[] {
  const trivial: OptimumMethod[] = [
    { name: 'always-null', arm: 'always', action: 0 },
    ...world.actions.slice(1).map((action, i) => ({
      name: `always-${action}`,
      arm: 'always' as const,
      action: i + 1,
    })),
    { name: 'behaviour', arm: 'behavior' },
    { name: 'greedy on the true immediate reward', arm: 'greedy' },
  ];
  const binding = Object.fromEntries(Object.entries(multipliers).filter(([, lambda]) => lambda > 0));
  const trained = algorithmNames.flatMap((algorithm): OptimumMethod[] => {
    const config = sharedConfig(world, settings, algorithm);
    const holds = accepts(algorithm, { limits: null });
    const plain: OptimumMethod = {
      name: algorithm,
      arm: 'trained',
      algorithm,
      config,
      limits: holds ? 'holds' : 'none',
    };
    if (holds || Object.keys(binding).length === 0) return [plain];
    const rows: OptimumMethod[] = [plain];
    const row = (name: string, change: Record<string, unknown>, limits: LimitKnowledge): void => {
      if (!accepts(algorithm, change)) return;
      const merged = { ...config, ...change };
      rows.push({ name: `${algorithm}, ${name}`, arm: 'trained', algorithm, config: merged, limits });
    };
    row('λ given', { multipliers: binding }, 'exact λ');
    row('limits held', { dual: dualConfig(world, settings) }, 'holds');
    return rows;
  });
  return [...trivial, ...trained];
}

/** For an algorithm whose limits are a switch of its own (slmgac). */
const dualConfig = (world: TabularWorld, { training }: OptimumSettings): Record<string, unknown> => ({
  costDiscounts: discountsOfOthers(world),
  evaluationRows: training.evaluationRows,
  multiplierEvery: training.multiplierEvery,
});

const discountsOfOthers = (world: TabularWorld): Record<string, number> =>
  Object.fromEntries(
    world.responses.filter(({ role }) => role !== 'main').map(({ name }) => [name, world.discount]),
  );

/**
 * What all trainings share, as far as an algorithm has such a field: the world's discount for every critic, and a sharp
 * policy, because the optimum mixes in few states.
 */
function sharedConfig(
  world: TabularWorld,
  settings: OptimumSettings,
  algorithm: string,
): Record<string, unknown> {
  const { discount } = world;
  const offered: Record<string, unknown> = {
    ...settings.training,
    discount,
    auxiliaryDiscounts: discountsOfOthers(world),
    costDiscounts: discountsOfOthers(world),
    ...settings.own[algorithm],
  };
  return Object.fromEntries(
    Object.entries(offered).filter(([field, value]) => accepts(algorithm, { [field]: value })),
  );
}

function accepts(algorithm: string, config: Readonly<Record<string, unknown>>): boolean {
  try {
    createAlgorithm(algorithm, config);
    return true;
  } catch {
    return false;
  }
}
