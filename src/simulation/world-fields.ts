import { z } from 'zod';

/** Kinds of fields in a world, each with a default and what it means. */
export const probability = (value: number, text: string) =>
  z.number().min(0).max(1).default(value).describe(text);

export const spread = (value: number, text: string) => z.number().min(0).max(5).default(value).describe(text);

export const shift = (value: number, text: string) =>
  z.number().min(-50).max(50).default(value).describe(text);

export const positive = (value: number, text: string) =>
  z.number().positive().max(1e6).default(value).describe(text);

export const wholeNumber = (value: number, min: number, max: number, text: string) =>
  z.number().int().min(min).max(max).default(value).describe(text);

/** A section may be left out, or any of its fields. */
export const section = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape).prefault({} as never);

export const group = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,39}$/, 'is a lower-case name of letters, digits and dashes')
    .refine((name) => name !== 'unknown', 'is not unknown: that is the group of missing activity')
    .describe('Its name.'),
  share: z.number().min(0).max(1).describe('Share of units.'),
  activityDays: z
    .strictObject({
      min: z.number().int().min(0).max(30).describe('Least.'),
      max: z.number().int().min(0).max(30).describe('Most.'),
    })
    .describe('Active days of the last 30, drawn uniformly from [min, max].'),
  liveInterestMean: shift(0, 'Mean of the latent live interest ℓ.'),
  shortInterestMean: shift(0, 'Mean of the latent log interest in short videos.'),
  touchiness: z
    .number()
    .min(0)
    .max(20)
    .default(1)
    .describe('Multiplies hides and extra leaving after a skipped stream: inactive groups are touchier.'),
  returnShift: shift(0, 'Added to the logit of coming back the next day.'),
});
