import type { EncodedFeature, EncoderSpec } from '../../../src/core/policy/artifact.ts';
import { encoderWidth } from '../../../src/core/policy/encoder.ts';
import type { FeatureSpec, Surface } from '../../../src/core/surface/surface.ts';
import type { Dataset } from '../../dataset/dataset.ts';

/** Above this skewness a non-negative feature enters as log(1 + x). */
const heavyTail = 2;

/**
 * Fits the encoder on the training rows only: means and standard deviations (divisor n; 1 where a feature does not
 * vary), log1p for non-negative features with skewness above 2. Validation and test rows are never looked at.
 */
export function fitEncoder(dataset: Dataset, surface: Surface, trainRows: Int32Array): EncoderSpec {
  const inputs = surface.features.map((feature) => fitFeature(feature, dataset, trainRows));
  return { inputs, width: encoderWidth(inputs) };
}

function fitFeature(feature: FeatureSpec, dataset: Dataset, rows: Int32Array): EncodedFeature {
  switch (feature.type) {
    case 'categorical':
      return { feature: feature.name, kind: 'categorical', values: feature.values };
    case 'boolean':
      return { feature: feature.name, kind: 'boolean' };
    case 'numeric': {
      const values = Float64Array.from(rows, (row) => Number(dataset.features[row][feature.name]));
      const isHeavy = feature.min >= 0 && skewness(values) > heavyTail;
      const { mean, std } = statistics(isHeavy ? values.map(Math.log1p) : values);
      return {
        feature: feature.name,
        kind: 'numeric',
        transform: isHeavy ? 'log1p' : 'identity',
        mean,
        std,
      };
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
