import type { LayerSpec } from '../../../../src/core/policy/artifact.ts';
import { createDense } from './dense.ts';
import { createEmbedding } from './embedding.ts';
import { createGroupRouted } from './group-routed.ts';
import { createLayerNorm } from './layer-norm.ts';
import { createTargetAttention } from './target-attention.ts';
import type { TrainableLayer } from './trainable-layer.ts';

type Creators = {
  readonly [K in LayerSpec['kind']]: (layer: Extract<LayerSpec, { kind: K }>) => TrainableLayer;
};

/** One row per kind of layer. */
const creators: Creators = {
  dense: createDense,
  'layer-norm': createLayerNorm,
  'group-routed': createGroupRouted,
  embedding: createEmbedding,
  'target-attention': createTargetAttention,
};

export function createLayer(layer: LayerSpec): TrainableLayer {
  return (creators[layer.kind] as (layer: LayerSpec) => TrainableLayer)(layer);
}
