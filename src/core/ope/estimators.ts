import { directMethod } from './direct-method.ts';
import { doublyRobust } from './doubly-robust.ts';
import type { Estimator } from './estimator.ts';
import { ips } from './ips.ts';
import { snips } from './snips.ts';

/** Every estimator, in the order of the output. A new one is a file of its own and a line here. */
export const estimators: Readonly<Record<'ips' | 'snips' | 'dm' | 'dr', Estimator>> = {
  ips,
  snips,
  dm: directMethod,
  dr: doublyRobust,
};
