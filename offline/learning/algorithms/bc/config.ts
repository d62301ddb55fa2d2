import { z } from 'zod';
import { commonConfig } from '../../config.ts';

/** Behaviour cloning: no reward is read, so `plantedFault` changes nothing here. */
export const bcConfig = z.strictObject({ ...commonConfig, algorithm: z.literal('bc').default('bc') });
export type BcConfig = z.infer<typeof bcConfig>;
