import { AllotError } from '../../../src/core/errors.ts';
import type { Algorithm } from '../run/learner.ts';
import { createAwac } from './awac/learner.ts';
import { createBc } from './bc/learner.ts';
import { createCql } from './cql/learner.ts';
import { createCrr } from './crr/learner.ts';
import { createIql } from './iql/learner.ts';
import { createPareto } from './pareto/train.ts';
import { createPidLagrangian } from './pid-lagrangian/learner.ts';
import { createRcpoDual } from './rcpo-dual/learner.ts';
import { createRcpoScalarised } from './rcpo-scalarised/learner.ts';
import { createSac } from './sac/learner.ts';
import { createTd3bc } from './td3bc/learner.ts';
import { createSlmgac } from './slmgac/phases.ts';
import { createTscac } from './tscac/stages.ts';

const algorithms = {
  bc: createBc,
  iql: createIql,
  crr: createCrr,
  awac: createAwac,
  td3bc: createTd3bc,
  cql: createCql,
  sac: createSac,
  'rcpo-scalarised': createRcpoScalarised,
  'rcpo-dual': createRcpoDual,
  'pid-lagrangian': createPidLagrangian,
  pareto: createPareto,
  tscac: createTscac,
  slmgac: createSlmgac,
} as const;

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
