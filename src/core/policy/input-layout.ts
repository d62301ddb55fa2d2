import type { EncodedFeature, EncodedField } from './artifact.ts';

/** Inputs of a feature without its default indicator, which follows them. */
export function widthOf(input: EncodedFeature): number {
  if (input.kind === 'categorical') return input.values.length + 1;
  if (input.kind === 'sequence') return input.length * eventWidth(input.fields);
  return input.kind === 'vector' ? input.mean.length : 1;
}

/** Inputs of one event: its presence, then every field. */
export const eventWidth = (fields: readonly EncodedField[]): number =>
  fields.reduce((sum, field) => sum + fieldWidth(field), 1);

/** A field that may be missing has an indicator. */
export const fieldWidth = (field: EncodedField): number => (field.default === undefined ? 1 : 2);
