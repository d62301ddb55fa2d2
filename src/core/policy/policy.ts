import { invariant, isProbability, refuse, violation } from '../check.ts';
import type { Violation } from '../errors.ts';
import { softmax } from '../math/softmax.ts';
import { groupIndex } from '../surface/groups.ts';
import type { FeatureSpec, FeatureValues, SequenceFieldSpec, Surface } from '../surface/surface.ts';
import type { ArtifactLineage, EncodedFeature, EncodedField, PolicyArtifact } from './artifact.ts';
import { checkHeader } from './check-header.ts';
import { compileEncoder } from './encoder.ts';
import { makeArtifact } from './make-artifact.ts';
import { compileNetwork } from './network.ts';

/** π(·|x) of one artifact, before eligibility, caps, pacing and floor. Not re-entrant. */
export interface Policy {
  readonly actionCount: number;
  /** Writes one probability per action, in the surface's order; they sum to 1 up to rounding. */
  probabilities(values: FeatureValues, defaulted: readonly string[], out: Float64Array): void;
}

/**
 * Binds an artifact to its surface; refuses (`artifact_invalid`) one that was made for another surface, schema version,
 * action list, or for features that the surface does not have.
 */
export function compilePolicy(artifact: PolicyArtifact, surface: Surface): Policy {
  const { header, weights } = artifact;
  refuse('artifact_invalid', checkHeader(header));
  refuse('artifact_invalid', misfits(artifact, surface));
  const encode = compileEncoder(header.encoder);
  const network = compileNetwork(header.network, weights);
  const input = new Float32Array(network.inputWidth);
  const actionCount = header.actions.length;
  return {
    actionCount,
    probabilities(values, defaulted, out) {
      encode(values, defaulted, input);
      network.forward(input, groupIndex(header.groups, values, defaulted), out);
      softmax(out, out);
    },
  };
}

/** Logit of an action that is never taken: exp(−10⁴) is exactly 0 in float64. */
const NEVER = -1e4;

/**
 * A policy that answers the same distribution whatever the features: no inputs, and the bias log(p_a / max p) as
 * logits. Uniform is exact; other distributions are rounded to float32 logits, about 1e-7 relative (the logged
 * propensity is what the artifact computes, so it stays exact for the log).
 *
 * @param probabilities one per action of the surface, summing to 1 within 1e-9
 */
export function fixedPolicyArtifact(
  surface: Surface,
  probabilities: readonly number[],
  lineage?: ArtifactLineage,
): PolicyArtifact {
  const sum = probabilities.reduce((a, b) => a + b, 0);
  invariant(probabilities.length === surface.actions.length, 'one probability per action');
  invariant(probabilities.every(isProbability) && Math.abs(sum - 1) <= 1e-9, 'probabilities sum to 1');
  const max = Math.max(...probabilities);
  return makeArtifact({
    surface,
    algorithm: 'fixed',
    encoder: { inputs: [], width: 0 },
    network: [{ kind: 'dense', in: 0, out: surface.actions.length, activation: 'none' }],
    weights: Float32Array.from(probabilities, (p) => (p === 0 ? NEVER : Math.log(p / max))),
    ...(lineage === undefined ? {} : { lineage }),
  });
}

function misfits({ header }: PolicyArtifact, surface: Surface): Violation[] {
  const found: Violation[] = [];
  const need = (holds: boolean, field: string, rule: string, value: unknown): void => {
    if (!holds) found.push(violation(field, rule, value));
  };
  need(header.surface === surface.name, 'header.surface', `is ${surface.name}`, header.surface);
  need(
    header.schemaVersion === surface.schemaVersion,
    'header.schemaVersion',
    `is ${surface.schemaVersion}`,
    header.schemaVersion,
  );
  const sameActions =
    header.actions.length === surface.actions.length &&
    header.actions.every((action, i) => action === surface.actions[i]);
  need(sameActions, 'header.actions', 'are those of the surface, in its order', header.actions.join(', '));
  const features = new Map(surface.features.map((feature) => [feature.name, feature]));
  header.encoder.inputs.forEach((input, i) => {
    const fits = matches(input, features.get(input.feature));
    need(fits, `header.encoder.inputs[${i}]`, 'is a feature of the surface with this type', input.feature);
  });
  if (header.groups !== null) {
    const isNumeric = features.get(header.groups.feature)?.type === 'numeric';
    need(isNumeric, 'header.groups.feature', 'is a numeric feature of the surface', header.groups.feature);
  }
  return found;
}

function matches(input: EncodedFeature, feature: FeatureSpec | undefined): boolean {
  if (feature === undefined) return false;
  switch (input.kind) {
    case 'categorical-index':
      return feature.type === 'categorical';
    case 'vector':
      return feature.type === 'vector' && feature.length === input.mean.length;
    case 'hashed':
      return feature.type === 'hashed' && feature.buckets === input.buckets;
    case 'sequence':
      return (
        feature.type === 'sequence' && input.fields.every((field) => matchesField(field, feature.fields))
      );
    default:
      return feature.type === input.kind;
  }
}

function matchesField(input: EncodedField, fields: readonly SequenceFieldSpec[]): boolean {
  const field = fields.find(({ name }) => name === input.field);
  if (field === undefined) return false;
  if (input.kind === 'hashed') return field.type === 'hashed' && field.buckets === input.buckets;
  return field.type === (input.kind === 'numeric' ? 'numeric' : 'categorical');
}
