import { AllotError } from '../../../src/core/errors.ts';
import type { Algorithm } from '../run/learner.ts';
import { createBc } from './bc/learner.ts';
import { createCrr } from './crr/learner.ts';
import { createTscac } from './tscac/stages.ts';

const algorithms = { bc: createBc, crr: createCrr, tscac: createTscac } as const;

export type AlgorithmName = keyof typeof algorithms;
export const algorithmNames = Object.keys(algorithms) as readonly AlgorithmName[];

/** Parses the config of an algorithm by name; `config_invalid` for an unknown name or field. */
export function createAlgorithm(name: string, config: unknown): Algorithm {
  if (!Object.hasOwn(algorithms, name))
    throw new AllotError(
      'config_invalid',
      `algorithm: one of ${algorithmNames.join(', ')} (sent: ${JSON.stringify(name)})`,
      { violations: [{ field: 'algorithm', rule: `one of ${algorithmNames.join(', ')}`, value: name }] },
    );
  return algorithms[name as AlgorithmName](config);
}
