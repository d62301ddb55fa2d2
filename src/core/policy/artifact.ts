import type { GroupSpec } from '../surface/surface.ts';

/**
 * A policy artifact: everything needed to turn features into probabilities, in one immutable, hashed file.
 *
 *     bytes   = "ALLOTPOL" · u32le headerLength · header (UTF-8 JSON) · zero padding to 4 · weights (f32le)
 *     version = surface@n in the registry;  hash = SHA-256 over all bytes, hex
 *
 * It holds no exploration floor, caps or pacing: those belong to the surface and are applied when serving.
 */
export interface PolicyArtifact {
  readonly header: ArtifactHeader;
  readonly weights: Float32Array;
}

export interface ArtifactHeader {
  readonly format: 'allot-policy';
  readonly formatVersion: 1;
  readonly surface: string;
  readonly schemaVersion: number;
  readonly actions: readonly string[];
  readonly algorithm: string;
  readonly encoder: EncoderSpec;
  readonly groups: GroupSpec | null;
  /** Layers in order; the last one has `actions.length` outputs, read as logits. */
  readonly network: readonly LayerSpec[];
  readonly weightCount: number;
  readonly lineage: ArtifactLineage;
}

export interface ArtifactLineage {
  readonly runId: string | null;
  readonly snapshotHash: string | null;
  readonly seed: number | null;
  readonly backend: string | null;
  readonly codeVersion: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly createdAt: string;
}

/**
 * Features in surface order, each giving `width` inputs:
 * numeric (x' − mean) / std with x' = x or log1p(x) (1); categorical one-hot over values plus an unknown slot
 * (values + 1); boolean 0/1 (1); vector standardised by element (length); hashed and categorical-index the number of a slot (1), slot 0
 * for what is unknown, to be read by an embedding; sequence `length` events, newest first (see `EncodedField`). Every feature
 * is followed by one input that is 1 where its declared default was filled in.
 */
export interface EncoderSpec {
  readonly inputs: readonly EncodedFeature[];
  readonly width: number;
}

export type EncodedFeature =
  | {
      readonly feature: string;
      readonly kind: 'numeric';
      readonly transform: 'identity' | 'log1p';
      readonly mean: number;
      readonly std: number;
    }
  | { readonly feature: string; readonly kind: 'categorical'; readonly values: readonly string[] }
  | { readonly feature: string; readonly kind: 'boolean' }
  | {
      readonly feature: string;
      readonly kind: 'vector';
      readonly mean: readonly number[];
      readonly std: readonly number[];
    }
  | { readonly feature: string; readonly kind: 'categorical-index'; readonly values: readonly string[] }
  | EncodedHash<{ readonly feature: string }>
  | {
      readonly feature: string;
      readonly kind: 'sequence';
      readonly length: number;
      readonly fields: readonly EncodedField[];
    };

/** `vocabulary` names what shares an embedding. */
export type EncodedHash<Named> = Named & {
  readonly kind: 'hashed';
  readonly buckets: number;
  readonly vocabulary: string;
};

/**
 * Fields of an event, after one input that is 1 / (1 + number of newer events), and 0 where there is no event: then all
 * inputs of the event are 0. A field with a default is followed by one input that is 1 where the event lacks it. Of more events than
 * `length` the newest count.
 */
export type EncodedField =
  | {
      readonly field: string;
      readonly kind: 'numeric';
      readonly transform: 'identity' | 'log1p';
      readonly mean: number;
      readonly std: number;
      readonly default?: number;
    }
  | {
      readonly field: string;
      readonly kind: 'categorical-index';
      readonly values: readonly string[];
      readonly default?: string;
    }
  | EncodedHash<{ readonly field: string; readonly default?: string | number }>;

export type Activation = 'none' | 'relu' | 'silu';

/**
 * Weights are laid out layer by layer in this order:
 * dense: kernel [in, out] row-major, bias [out]; layer-norm: gamma [size], beta [size] (ε = 1e-5, biased variance);
 * group-routed: per group kernel [in, out], bias [out], then (with `layerNorm`, applied after the activation) gamma
 * [out], beta [out]; the unit's group picks the block, and with
 * `concatInput` the output is input ⧺ block output;
 * embedding: per table [rows, dim]; a column of a table holds a row's number and is replaced, where it stands, by that row (row 0
 * where there is no such row); target-attention: Wq [query columns, dim], bq [dim], Wk [width, dim], Wv [width, dim], see
 * `attention-forward`.
 */
export type LayerSpec =
  | { readonly kind: 'dense'; readonly in: number; readonly out: number; readonly activation: Activation }
  | { readonly kind: 'layer-norm'; readonly size: number }
  | {
      readonly kind: 'group-routed';
      readonly groups: number;
      readonly in: number;
      readonly out: number;
      readonly activation: Activation;
      readonly layerNorm: boolean;
      readonly concatInput: boolean;
    }
  | { readonly kind: 'embedding'; readonly in: number; readonly tables: readonly EmbeddingTable[] }
  | TargetAttentionSpec;

export interface EmbeddingTable {
  readonly rows: number;
  readonly dim: number;
  /** Ascending; several features and fields of events may share a table. */
  readonly columns: readonly number[];
}

/** Columns [from, from + width) of a layer's input. */
export interface ColumnRange {
  readonly from: number;
  readonly width: number;
}

/** `dim` outputs replace the columns of the sequence and stand at the end: other columns ⧺ attended. */
export interface TargetAttentionSpec {
  readonly kind: 'target-attention';
  readonly in: number;
  /** What is decided about: ascending, apart from each other and from the sequence. */
  readonly query: readonly ColumnRange[];
  /** `length` events of `width` columns each; one whose first column is 0 is not there. */
  readonly sequence: { readonly from: number; readonly length: number; readonly width: number };
  readonly dim: number;
  /** Divides `dim`. */
  readonly heads: number;
}
