import type { EncodedFeature, EncodedField, EncoderSpec } from '../../../src/core/policy/artifact.ts';
import { encoderWidth } from '../../../src/core/policy/encoder.ts';
import { vocabularyOf } from '../../../src/core/surface/check-sequences.ts';
import type {
  FeatureSpec,
  HashedSpec,
  SequenceEvent,
  SequenceFieldSpec,
  Surface,
} from '../../../src/core/surface/surface.ts';
import type { Dataset } from '../../dataset/dataset.ts';
import { embeddingsOf, type InputConfig } from '../networks/input-config.ts';

/** Above this skewness a non-negative feature enters as log(1 + x). */
const heavyTail = 2;

/**
 * Fits the encoder on the training rows only: means and standard deviations (divisor n; 1 where a feature does not
 * vary), log1p for non-negative features with skewness above 2; for a field of events over all events of those rows. Hashing has
 * nothing to fit. Validation and test rows are never looked at.
 */
export function fitEncoder(
  dataset: Dataset,
  surface: Surface,
  trainRows: Int32Array,
  config: InputConfig = {},
): EncoderSpec {
  const { categoricalFrom } = embeddingsOf(config);
  const inputs = surface.features.map((feature) => fitFeature(feature, dataset, trainRows, categoricalFrom));
  return { inputs, width: encoderWidth(inputs) };
}

/**
 * The same for models that are linear in the inputs: without hashed features and sequences, whose inputs mean nothing until an
 * embedding reads them.
 */
export function fitLinearEncoder(dataset: Dataset, surface: Surface, rows: Int32Array): EncoderSpec {
  const features = surface.features.filter(({ type }) => type !== 'hashed' && type !== 'sequence');
  return fitEncoder(dataset, { ...surface, features }, rows);
}

function fitFeature(
  feature: FeatureSpec,
  dataset: Dataset,
  rows: Int32Array,
  categoricalFrom: number | null,
): EncodedFeature {
  switch (feature.type) {
    case 'categorical': {
      const isIndex = categoricalFrom !== null && feature.values.length >= categoricalFrom;
      const kind = isIndex ? 'categorical-index' : 'categorical';
      return { feature: feature.name, kind, values: feature.values };
    }
    case 'hashed':
      return { feature: feature.name, ...hashOf(feature) };
    case 'sequence': {
      const events = Array.from(rows).flatMap(
        (row) => (dataset.features[row][feature.name] ?? []) as readonly SequenceEvent[],
      );
      const fields = feature.fields.map((field) => fitField(field, events));
      return { feature: feature.name, kind: 'sequence', length: feature.length, fields };
    }
    case 'boolean':
      return { feature: feature.name, kind: 'boolean' };
    case 'numeric': {
      const values = Float64Array.from(rows, (row) => Number(dataset.features[row][feature.name]));
      return { feature: feature.name, kind: 'numeric', ...fitNumbers(values, feature.min) };
    }
    case 'vector': {
      const perElement = Array.from({ length: feature.length }, (_, j) =>
        statistics(
          Float64Array.from(rows, (row) => (dataset.features[row][feature.name] as readonly number[])[j]),
        ),
      );
      return {
        feature: feature.name,
        kind: 'vector',
        mean: perElement.map((s) => s.mean),
        std: perElement.map((s) => s.std),
      };
    }
  }
}

/** The declared default goes along: it stands for the field in an event that lacks it. */
function fitField(field: SequenceFieldSpec, events: readonly SequenceEvent[]): EncodedField {
  const fallback = field.default === undefined ? {} : { default: field.default };
  const named = { field: field.name, ...fallback };
  if (field.type === 'hashed') return { ...named, ...hashOf(field) } as EncodedField;
  if (field.type === 'categorical')
    return { ...named, kind: 'categorical-index', values: field.values } as EncodedField;
  const told = events.map((event) => event[field.name]).filter((value) => value !== undefined);
  const fitted = fitNumbers(Float64Array.from(told, Number), field.min);
  return { ...named, kind: 'numeric', ...fitted } as EncodedField;
}

const hashOf = (spec: HashedSpec): { kind: 'hashed'; buckets: number; vocabulary: string } => ({
  ...{ kind: 'hashed', buckets: spec.buckets, vocabulary: vocabularyOf(spec) },
});

function fitNumbers(
  values: Float64Array,
  min: number,
): { transform: 'identity' | 'log1p'; mean: number; std: number } {
  const isHeavy = min >= 0 && skewness(values) > heavyTail;
  const { mean, std } = statistics(isHeavy ? values.map(Math.log1p) : values);
  return { transform: isHeavy ? 'log1p' : 'identity', mean, std };
}

function statistics(values: Float64Array): { mean: number; std: number } {
  if (values.length === 0) return { mean: 0, std: 1 };
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const std = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
  return { mean, std: std > 1e-9 * Math.max(1, Math.abs(mean)) ? std : 1 };
}

function skewness(values: Float64Array): number {
  const { mean, std } = statistics(values);
  return values.reduce((sum, v) => sum + ((v - mean) / std) ** 3, 0) / Math.max(1, values.length);
}
