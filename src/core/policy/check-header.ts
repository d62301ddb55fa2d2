import { violation } from '../check.ts';
import type { Violation } from '../errors.ts';
import type { ArtifactHeader, EncodedFeature, LayerSpec } from './artifact.ts';
import { isEmbedding, isOpenFeature, isTargetAttention } from './check-sequence-parts.ts';
import { encoderWidth } from './encoder.ts';
import { inputWidthOf, outputWidthOf, weightCountOf } from './network.ts';
import { isNumber, isObject, isText } from './json-checks.ts';

/**
 * Every rule that a header read from outside must keep before anything is computed from it. The header arrives as
 * parsed JSON of unknown origin; when the list is empty it is an `ArtifactHeader`.
 */
export function checkHeader(raw: unknown): Violation[] {
  if (!isObject(raw)) return [violation('header', 'is an object', raw)];
  const found = new Found();
  found.need(raw['format'] === 'allot-policy', 'format', 'is "allot-policy"', raw['format']);
  found.need(raw['formatVersion'] === 1, 'formatVersion', 'is 1', raw['formatVersion']);
  found.need(isText(raw['surface']), 'surface', 'is a name', raw['surface']);
  found.need(isCount(raw['schemaVersion'], 0), 'schemaVersion', 'is a whole number', raw['schemaVersion']);
  found.need(isText(raw['algorithm']), 'algorithm', 'is a name', raw['algorithm']);
  found.need(isDistinctTexts(raw['actions'], 1), 'actions', 'are distinct names', raw['actions']);
  found.need(
    raw['groups'] === null || isGroups(raw['groups']),
    'groups',
    'is null or a group list',
    raw['groups'],
  );
  found.need(isLineage(raw['lineage']), 'lineage', 'says where the policy comes from', raw['lineage']);
  const encoder = raw['encoder'];
  const inputs = isObject(encoder) && Array.isArray(encoder['inputs']) ? encoder['inputs'] : undefined;
  found.need(inputs !== undefined, 'encoder.inputs', 'is a list', encoder);
  inputs?.forEach((input, i) =>
    found.need(isEncodedFeature(input), `encoder.inputs[${i}]`, 'is an encoded feature', input),
  );
  const network = raw['network'];
  found.need(Array.isArray(network) && network.length > 0, 'network', 'has layers', network);
  if (Array.isArray(network)) {
    network.forEach((layer, i) => found.need(isLayer(layer), `network[${i}]`, 'is a layer', layer));
  }
  if (found.list.length === 0) checkShapes(raw as unknown as ArtifactHeader, found);
  return found.list;
}

/** Widths must chain: encoder → layers → one logit per action; and the weights must be exactly those. */
function checkShapes(header: ArtifactHeader, found: Found): void {
  const { encoder, network, actions, weightCount } = header;
  const width = encoderWidth(encoder.inputs);
  found.need(encoder.width === width, 'encoder.width', `is ${width}, the sum of its inputs`, encoder.width);
  let previous = width;
  network.forEach((layer, i) => {
    found.need(
      inputWidthOf(layer) === previous,
      `network[${i}]`,
      `takes ${previous} inputs`,
      inputWidthOf(layer),
    );
    previous = outputWidthOf(layer);
  });
  found.need(previous === actions.length, 'network', 'ends with one output per action', previous);
  const weights = weightCountOf(network);
  found.need(weightCount === weights, 'weightCount', `is ${weights}, as the layers say`, weightCount);
}

class Found {
  readonly list: Violation[] = [];
  need(holds: boolean, field: string, rule: string, value: unknown): void {
    if (!holds) this.list.push(violation(`header.${field}`, rule, value));
  }
}

const isCount = (x: unknown, least: number): boolean => Number.isSafeInteger(x) && (x as number) >= least;
const isNumbers = (x: unknown): x is number[] => Array.isArray(x) && x.every(isNumber);
const isPositive = (x: unknown): boolean => isNumber(x) && x > 0;
const isDistinctTexts = (x: unknown, least: number): boolean =>
  Array.isArray(x) && x.length >= least && x.every(isText) && new Set(x).size === x.length;
const isTextOrNull = (x: unknown): boolean => x === null || typeof x === 'string';

function isGroups(x: unknown): boolean {
  if (!isObject(x) || !isText(x['feature']) || !isNumbers(x['bounds'])) return false;
  const bounds = x['bounds'];
  const ascending = bounds.every((b, i) => i === 0 || b > bounds[i - 1]);
  const names = x['names'];
  return ascending && isDistinctTexts(names, 2) && (names as string[]).length === bounds.length + 2;
}

function isLineage(x: unknown): boolean {
  if (!isObject(x)) return false;
  const seed = x['seed'];
  return (
    isTextOrNull(x['runId']) &&
    isTextOrNull(x['snapshotHash']) &&
    isTextOrNull(x['backend']) &&
    (seed === null || isNumber(seed)) &&
    typeof x['codeVersion'] === 'string' &&
    typeof x['createdAt'] === 'string' &&
    isObject(x['config'])
  );
}

function isEncodedFeature(x: unknown): x is EncodedFeature {
  if (!isObject(x) || !isText(x['feature'])) return false;
  const { kind, mean, std } = x;
  switch (kind) {
    case 'numeric':
      return (
        (x['transform'] === 'identity' || x['transform'] === 'log1p') && isNumber(mean) && isPositive(std)
      );
    case 'categorical':
    case 'categorical-index':
      return isDistinctTexts(x['values'], 0);
    case 'boolean':
      return true;
    case 'vector':
      return isNumbers(mean) && isNumbers(std) && std.length === mean.length && std.every(isPositive);
    default:
      return isOpenFeature(x);
  }
}

function isLayer(x: unknown): x is LayerSpec {
  if (!isObject(x)) return false;
  if (x['kind'] === 'layer-norm') return isCount(x['size'], 1);
  if (x['kind'] === 'embedding') return isEmbedding(x);
  if (x['kind'] === 'target-attention') return isTargetAttention(x);
  const fits =
    isCount(x['in'], 0) &&
    isCount(x['out'], 1) &&
    (x['activation'] === 'none' || x['activation'] === 'relu' || x['activation'] === 'silu');
  if (x['kind'] === 'dense') return fits;
  const flags = typeof x['layerNorm'] === 'boolean' && typeof x['concatInput'] === 'boolean';
  return x['kind'] === 'group-routed' && fits && flags && isCount(x['groups'], 1);
}
