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
 * (values + 1); boolean 0/1 (1); vector standardised by element (length). Every feature is followed by one input
 * that is 1 where its declared default was filled in.
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
    };

export type Activation = 'none' | 'relu' | 'silu';

/**
 * Weights are laid out layer by layer in this order:
 * dense: kernel [in, out] row-major, bias [out]; layer-norm: gamma [size], beta [size] (ε = 1e-5, biased variance);
 * group-routed: per group kernel [in, out], bias [out], then (with `layerNorm`, applied after the activation) gamma
 * [out], beta [out]; the unit's group picks the block, and with
 * `concatInput` the output is input ⧺ block output.
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
    };
