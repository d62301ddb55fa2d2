import { createRandom } from '../../src/core/math/random.ts';
import type { PolicyArtifact } from '../../src/core/policy/artifact.ts';
import { makeArtifact } from '../../src/core/policy/make-artifact.ts';
import type { Surface } from '../../src/core/surface/surface.ts';
import { beta } from './beta.ts';
import { POSITIONS } from './open-bandit-surface.ts';

export interface BetaPrior {
  readonly alpha: number;
  readonly beta: number;
}

/** P(item at position) under Bernoulli Thompson sampling with a fixed prior, by Monte-Carlo: [position][item]. */
export function thompsonPositionProbabilities(
  prior: readonly BetaPrior[],
  draws: number,
  seed: number,
): number[][] {
  const random = createRandom(seed);
  const counts = POSITIONS.map(() => new Array<number>(prior.length).fill(0));
  const theta = new Float64Array(prior.length);
  for (let draw = 0; draw < draws; draw++) {
    for (let item = 0; item < prior.length; item++) {
      theta[item] = beta(random, prior[item].alpha, prior[item].beta);
    }
    for (const row of counts) {
      let best = 0;
      for (let item = 1; item < theta.length; item++) if (theta[item] > theta[best]) best = item;
      row[best] += 1;
      theta[best] = -1;
    }
  }
  return counts.map((row) => row.map((count) => count / draws));
}

/** An item that was never drawn keeps a probability far below one draw, so that its logarithm exists. */
const NEVER_DRAWN = 1e-12;

/**
 * The sampler frozen at its prior, as an ordinary artifact: one dense layer over the one-hot position whose
 * rows are log-probabilities. The logged policy kept learning, so this is close to it, not equal to it.
 */
export function thompsonArtifact(
  surface: Surface,
  probabilities: readonly (readonly number[])[],
  lineage: { readonly seed: number; readonly draws: number; readonly createdAt: string },
): PolicyArtifact {
  const actions = surface.actions.length;
  // One-hot over the positions, an unknown slot, and the "defaulted" input.
  const width = POSITIONS.length + 2;
  const weights = new Float32Array(width * actions + actions);
  const mean = surface.actions.map(
    (_, item) => probabilities.reduce((sum, row) => sum + row[item], 0) / POSITIONS.length,
  );
  [...probabilities, mean].forEach((row, slot) => {
    row.forEach((p, item) => (weights[slot * actions + item] = Math.log(Math.max(p, NEVER_DRAWN))));
  });
  return makeArtifact({
    surface,
    algorithm: 'bernoulli-thompson-prior',
    encoder: { inputs: [{ feature: 'position', kind: 'categorical', values: POSITIONS }], width },
    network: [{ kind: 'dense', in: width, out: actions, activation: 'none' }],
    weights,
    lineage: {
      seed: lineage.seed,
      codeVersion: 'import',
      config: { draws: lineage.draws },
      createdAt: lineage.createdAt,
    },
  });
}
