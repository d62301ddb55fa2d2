import { z } from 'zod';

/** Embeddings of hashed and indexed columns. Only surfaces with such features have any. */
export const embeddingsConfig = z.strictObject({
  /** Numbers per name; auto: 2 · ⁴√rows, between 4 and 32. */
  dim: z.union([z.literal('auto'), z.int().min(1).max(256)]).default('auto'),
  /** Categorical features with at least this many values are embedded; fewer stay one-hot. null: all stay one-hot. */
  categoricalFrom: z.int().min(2).nullable().default(null),
});

/** Target attention over every sequence. Only surfaces with a sequence have any. */
export const attentionConfig = z
  .strictObject({
    dim: z.int().min(1).max(256).default(32),
    heads: z.int().min(1).max(8).default(2),
    /** Features that ask; auto: all hashed ones, or where there are none all but the sequences. */
    query: z.union([z.literal('auto'), z.array(z.string()).min(1)]).default('auto'),
  })
  .refine(({ dim, heads }) => dim % heads === 0, { path: ['heads'], message: 'divides dim' });

/**
 * The part of a network between encoder and hidden layers. Left out, not filled in, where nobody names it: the config of a run is
 * part of its artifact, whose bytes stay what they were on surfaces without such features.
 */
export const inputConfig = {
  embeddings: embeddingsConfig.optional(),
  /** null: none; events enter the hidden layers side by side. */
  attention: attentionConfig.nullable().optional(),
};

export interface InputConfig {
  readonly embeddings?: z.infer<typeof embeddingsConfig> | undefined;
  readonly attention?: z.infer<typeof attentionConfig> | null | undefined;
}

export const embeddingsOf = (config: InputConfig): z.infer<typeof embeddingsConfig> =>
  config.embeddings ?? embeddingsConfig.parse({});

export const attentionOf = (config: InputConfig): z.infer<typeof attentionConfig> | null =>
  config.attention === undefined ? attentionConfig.parse({}) : config.attention;
