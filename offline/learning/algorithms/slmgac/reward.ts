import { AllotError } from '../../../../src/core/errors.ts';
import type { Surface } from '../../../../src/core/surface/surface.ts';
import type { Dataset } from '../../../dataset/dataset.ts';
import { displacedTime } from '../../data/displaced-time.ts';
import { composeReward, mainTerms, type Reward } from '../../data/rewards.ts';
import type { TrainingContext } from '../../run/learner.ts';
import { liveTimeOf, shortTimeOf, signalValues, type Signal } from '../../supervised/signals.ts';
import type { SlmgacConfig } from './config.ts';

/** The reward in units of its standard deviation, and the range of every honest action value. */
export interface BoundedReward extends Reward {
  readonly kind: 'main' | 'anti-greedy';
  /** [low, high]: [min(r_min, r_min/(1−γ)), max(r_max, r_max/(1−γ))]; a session may be shorter than for ever. */
  readonly low: number;
  readonly high: number;
  /** Mean of c on the complete training rows, as logged; null without the anti-greedy cost. */
  readonly meanCost: number | null;
}

export function slmgacReward(
  context: TrainingContext,
  config: SlmgacConfig,
  discount: number,
): BoundedReward {
  const { surface, dataset, split } = context;
  const options = { trainRows: split.train, discount, plantedFault: config.plantedFault };
  const signals = antiGreedySignals(surface, dataset, config);
  if (signals === null) {
    const reward = composeReward(dataset, mainTerms(surface, config.multipliers), options);
    return bounded({ ...reward, kind: 'main', meanCost: null }, split.train, dataset, discount);
  }
  const { raw, cost } = antiGreedyReward(dataset, split.train, signals, config);
  const reward = standardised(raw, dataset, options);
  const known = split.train.filter((row) => dataset.isComplete[row] === 1);
  const meanCost = known.reduce((sum, row) => sum + cost[row], 0) / Math.max(1, known.length);
  return bounded({ ...reward, kind: 'anti-greedy', meanCost }, split.train, dataset, discount);
}

interface AntiGreedySignals {
  readonly live: string;
  readonly short: Signal;
}

function antiGreedySignals(
  surface: Surface,
  dataset: Dataset,
  config: SlmgacConfig,
): AntiGreedySignals | null {
  if (config.reward === 'main') return null;
  const live = config.antiGreedy.live ?? liveTimeOf(surface);
  const short = config.antiGreedy.short ?? shortTimeOf(surface, dataset);
  const isMain = surface.responses.some((r) => r.role === 'main' && r.name === live);
  if (live !== null && short !== null && surface.nullAction !== null)
    return config.reward === 'anti-greedy' || isMain ? { live, short } : null;
  if (config.reward === 'auto') return null;
  throw new AllotError(
    'config_invalid',
    'config.reward: anti-greedy needs a null action, live time and short-video time; name them in config.antiGreedy.live and .short',
  );
}

/**
 * r = r₀ − λ c with r₀ = a · min(T, T_max)/τ and c = a (d − T)/τ, its positive part, or minus all app seconds / τ;
 * T live time, d(x) = E[short | null, x] − E[short | allocate, x] from randomised rows. With a = 0 the first two are 0.
 */
export function antiGreedyReward(
  dataset: Dataset,
  trainRows: Int32Array,
  signals: AntiGreedySignals,
  { antiGreedy }: Pick<SlmgacConfig, 'antiGreedy'>,
): { readonly raw: Float64Array; readonly cost: Float64Array } {
  const { tau, cap, lambda } = antiGreedy;
  const { actions, nullAction } = dataset.manifest.surface;
  const nullIndex = nullAction === null ? -1 : actions.indexOf(nullAction);
  const live = signalValues(dataset, signals.live);
  const short = signalValues(dataset, signals.short);
  const displaced = antiGreedy.cost === 'app-time' ? null : displacedOf(dataset, trainRows, signals.short);
  const cost = live.map((time, row) => {
    if (displaced === null) return -(time + short[row]) / tau;
    const signed = dataset.actions[row] === nullIndex ? 0 : (displaced[row] - Math.min(time, cap)) / tau;
    return antiGreedy.cost === 'hinge' ? Math.max(0, signed) : signed;
  });
  const raw = live.map((time, row) => {
    const objective = dataset.actions[row] === nullIndex ? 0 : Math.min(time, cap) / tau;
    return objective - lambda * cost[row];
  });
  return { raw, cost };
}

/** d is linear in the response: that of a difference is the difference. */
function displacedOf(dataset: Dataset, rows: Int32Array, short: Signal): Float64Array {
  if (typeof short === 'string') return displacedTime(dataset, rows, short);
  const minus = displacedTime(dataset, rows, short.minus);
  return displacedTime(dataset, rows, short.total).map((value, i) => value - minus[i]);
}

/** As `composeReward`: sign of the planted fault, centred only without a bootstrap, scaled by the training rows. */
function standardised(
  raw: Float64Array,
  dataset: Dataset,
  options: Parameters<typeof composeReward>[2],
): Reward {
  const known = options.trainRows.filter((row) => dataset.isComplete[row] === 1);
  const sign = options.plantedFault === 'inverted-reward' ? -1 : 1;
  const mean = (sign * known.reduce((sum, row) => sum + raw[row], 0)) / Math.max(1, known.length);
  const variance =
    known.reduce((sum, row) => sum + (sign * raw[row] - mean) ** 2, 0) / Math.max(1, known.length);
  const scale = variance > 0 ? Math.sqrt(variance) : 1;
  const shift = options.discount === 0 ? mean : 0;
  const values = Float32Array.from(raw, (r, i) =>
    dataset.isComplete[i] === 1 ? (sign * r - shift) / scale : 0,
  );
  return { values, scale, shift, bound: values.reduce((max, v) => Math.max(max, Math.abs(v)), 0) };
}

function bounded(
  reward: Omit<BoundedReward, 'low' | 'high'>,
  trainRows: Int32Array,
  dataset: Dataset,
  discount: number,
): BoundedReward {
  let least = Infinity;
  let most = -Infinity;
  for (const row of trainRows)
    if (dataset.isComplete[row] === 1) {
      least = Math.min(least, reward.values[row]);
      most = Math.max(most, reward.values[row]);
    }
  const low = Math.min(least, least / (1 - discount));
  const high = Math.max(most, most / (1 - discount));
  return { ...reward, low, high };
}
