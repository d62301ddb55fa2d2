import type { FeatureValues } from '../surface/surface.ts';
import type { EncodedFeature, EncoderSpec } from './artifact.ts';
import { widthOf } from './input-layout.ts';
import { compileOpenFeature, type WriteValue } from './sequence-encoder.ts';

/** Turns feature values into the network's input, writing every position of `out`. */
export type Encoder = (values: FeatureValues, defaulted: readonly string[], out: Float32Array) => void;

/** Inputs that a list of encoded features gives, indicators included. */
export function encoderWidth(inputs: readonly EncodedFeature[]): number {
  return inputs.reduce((sum, input) => sum + widthOf(input) + 1, 0);
}

/**
 * The encoder of `EncoderSpec`, with look-ups made ahead. A feature that is absent is encoded as its training mean
 * (numbers) or nothing (the rest) with its indicator set, exactly as a defaulted one is flagged; `log1p` treats
 * negative numbers as 0. An unseen category goes to the unknown slot. Never throws for a value.
 */
export function compileEncoder(spec: EncoderSpec): Encoder {
  const steps: Step[] = [];
  let at = 0;
  for (const input of spec.inputs) {
    steps.push(stepOf(input, at));
    at += widthOf(input) + 1;
  }
  return (values, defaulted, out) => {
    out.fill(0);
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i];
      const value = values[step.feature];
      if (value === undefined || (defaulted.length > 0 && defaulted.includes(step.feature))) {
        out[step.indicatorAt] = 1;
      }
      write(step, value, out);
    }
  };
}

interface Step {
  readonly feature: string;
  readonly kind: EncodedFeature['kind'];
  readonly at: number;
  readonly indicatorAt: number;
  readonly isLog: boolean;
  readonly mean: Float64Array;
  readonly std: Float64Array;
  readonly slots: ReadonlyMap<string, number>;
  /** Of hashed, indexed and sequence features. */
  readonly writeOpen: WriteValue | null;
}

function stepOf(input: EncodedFeature, at: number): Step {
  const mean = input.kind === 'numeric' ? [input.mean] : input.kind === 'vector' ? input.mean : [];
  const std = input.kind === 'numeric' ? [input.std] : input.kind === 'vector' ? input.std : [];
  return {
    feature: input.feature,
    kind: input.kind,
    at,
    indicatorAt: at + widthOf(input),
    isLog: input.kind === 'numeric' && input.transform === 'log1p',
    mean: Float64Array.from(mean),
    std: Float64Array.from(std),
    slots: new Map(input.kind === 'categorical' ? input.values.map((v, i) => [v, i]) : []),
    writeOpen: compileOpenFeature(input, at),
  };
}

function write(step: Step, value: FeatureValues[string] | undefined, out: Float32Array): void {
  if (value === undefined) return;
  switch (step.kind) {
    case 'numeric': {
      const x = step.isLog ? Math.log1p(Math.max(Number(value), 0)) : Number(value);
      out[step.at] = (x - step.mean[0]) / step.std[0];
      return;
    }
    case 'categorical': {
      const category = value as string | number;
      out[step.at + (step.slots.get(String(category)) ?? step.slots.size)] = 1;
      return;
    }
    case 'boolean':
      out[step.at] = value === true ? 1 : 0;
      return;
    case 'vector': {
      const vector = value as readonly number[];
      for (let i = 0; i < step.mean.length; i++) {
        out[step.at + i] = ((vector[i] ?? step.mean[i]) - step.mean[i]) / step.std[i];
      }
      return;
    }
    default:
      step.writeOpen?.(value, out);
  }
}
