import { invariant } from '../../check.ts';
import { normalCdf } from '../../math/normal.ts';

export interface StoppingLaw {
  /** P(decided for the true sign by the horizon). */
  readonly power: number;
  /** P(decided for the other sign). */
  readonly wrongSign: number;
  /** Mean of the stopping time, as a share of the horizon; an undecided run counts as 1. */
  readonly expectedShare: number;
}

export interface StoppingQuestion {
  /** λ = δ/se at the horizon: the effect in standard errors of the last look; ≥ 0. */
  readonly drift: number;
  /** Shares of the horizon at which is looked, rising, the last one 1. */
  readonly looks: readonly number[];
  /** Reach in standard errors at a share of the horizon. */
  readonly reachAt: (share: number) => number;
}

/** Nodes of the grid at each look; 0.001 in power for up to about 100 looks. */
const NODES = 161;
const INVERSE_SQRT_TWO_PI = 1 / Math.sqrt(2 * Math.PI);

/**
 * When does a sequential test stop? z_k √v_k is Brownian motion with drift λ at the shares v_k of the horizon; the density of
 * runs that go on is carried from look to look by numerical integration,
 *
 *     g_k(x) = ∫ g_{k−1}(y) φ((x − y − λ Δ)/√Δ)/√Δ dy   over |y| < h(v_{k−1}) √v_{k−1},   Δ = v_k − v_{k−1}
 *
 * and what leaves it at a look stops there. Source: Armitage, McPherson & Rowe 1969, eq. 2.
 */
export function stoppingLaw({ drift, looks, reachAt }: StoppingQuestion): StoppingLaw {
  invariant(drift >= 0 && looks.length > 0, 'a drift of at least 0 and a look');
  let from: Running = { share: 0, nodes: [0], masses: [1] };
  let power = 0;
  let wrongSign = 0;
  let expectedShare = 0;
  for (const share of looks) {
    const step = share - from.share;
    invariant(step > 0, 'looks rise');
    const bound = reachAt(share) * Math.sqrt(share);
    const scale = Math.sqrt(step);
    let [above, below] = [0, 0];
    from.nodes.forEach((y, j) => {
      above += from.masses[j] * normalCdf((y + drift * step - bound) / scale);
      below += from.masses[j] * normalCdf((-bound - y - drift * step) / scale);
    });
    power += above;
    wrongSign += below;
    expectedShare += (above + below) * share;
    from = carried(from, { share, bound, mean: drift * step, scale });
  }
  return { power, wrongSign, expectedShare: expectedShare + 1 - power - wrongSign };
}

interface Running {
  readonly share: number;
  readonly nodes: readonly number[];
  /** Density times the weight of its node. */
  readonly masses: readonly number[];
}

function carried(
  from: Running,
  to: { readonly share: number; readonly bound: number; readonly mean: number; readonly scale: number },
): Running {
  const gap = (2 * to.bound) / (NODES - 1);
  const nodes = Array.from({ length: NODES }, (_, i) => -to.bound + i * gap);
  const masses = nodes.map((x, i) => {
    let density = 0;
    from.nodes.forEach((y, j) => {
      const z = (x - y - to.mean) / to.scale;
      if (z * z < 80) density += from.masses[j] * Math.exp(-0.5 * z * z);
    });
    // Simpson's weights.
    const weight = i === 0 || i === NODES - 1 ? 1 : i % 2 === 1 ? 4 : 2;
    return (density * INVERSE_SQRT_TWO_PI * weight * gap) / (3 * to.scale);
  });
  return { share: to.share, nodes, masses };
}
