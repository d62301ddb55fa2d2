import { z } from 'zod';
import { networkConfig } from '../config.ts';

/** How a student is taught; an algorithm takes it as `distillation: null | {…}`. */
export const distillationConfig = z.strictObject({
  /** Of the student: smaller than the teacher's, on the same encoder. */
  network: networkConfig.default(networkConfig.parse({ hidden: [24], groupBlock: 0 })),
  steps: z.int().min(1).max(1_000_000).default(200),
  batchSize: z.int().min(8).max(65_536).default(512),
  learningRate: z.number().positive().max(1).default(0.005),
  weightDecay: z.number().min(0).max(10).default(0),
  averaging: z.number().positive().max(1).default(0.05),
  /** T: both distributions are softened by it. */
  temperature: z.number().min(0.1).max(10).default(1),
  /** Weigh rows so that every group counts the same (a weight is at most 10); false: as frequent as they are. */
  balanceGroups: z.boolean().default(true),
});
export type DistillationConfig = z.infer<typeof distillationConfig>;
