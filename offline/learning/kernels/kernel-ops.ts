/**
 * The operations that a network in training is made of. Pointers are byte offsets into `memory` (multiples of 4), sizes
 * are in floats, matrices row-major. Two implementations: WebAssembly with SIMD (assembly/*.as) and plain JavaScript, which
 * is the definition that the first is tested against. How packed factors look is the implementation's own business.
 */
export interface KernelOps {
  readonly name: 'simd' | 'js';
  readonly memory: KernelMemory;
  /** Room for a packed right factor (k,n), in floats. */
  packedRight(k: number, n: number): number;
  /** Room for a packed left factor (m,k), in floats. */
  packedLeft(m: number, k: number): number;
  /** dst ← b (k,n) packed; `isTransposed`: b is given as (n,k). `ldb`: floats per row of b as given. */
  packRight(dst: number, b: number, ldb: number, isTransposed: boolean, k: number, n: number): void;
  /** dst ← a (m,k) packed; `isTransposed`: a is given as (k,m). */
  packLeft(dst: number, a: number, lda: number, isTransposed: boolean, m: number, k: number): void;
  /** c (m,n) ← left · right + bias, or c + left · right when it accumulates; bias (n), 0: none. */
  multiply(
    c: number,
    ldc: number,
    left: number,
    right: number,
    bias: number,
    accumulates: boolean,
    m: number,
    n: number,
    k: number,
    tile: number,
  ): void;
  /** y ← max(x, 0); may be in place, as all below. */
  relu(y: number, x: number, n: number): void;
  /** dx ← dy where x > 0, else 0 */
  reluBackward(dx: number, dy: number, x: number, n: number): void;
  /** y ← x σ(x) */
  silu(y: number, x: number, n: number): void;
  /** dx ← dy σ(x) (1 + x (1 − σ(x))) */
  siluBackward(dx: number, dy: number, x: number, n: number): void;
  /** sums (width) += Σ over rows of x (rows,width) */
  addRows(sums: number, x: number, rows: number, width: number): void;
  /** xHat ← (x − mean) scale with scale (rows) = 1/√(biased variance + 1e-5); y ← γ xHat + β */
  layerNorm(
    y: number,
    xHat: number,
    scale: number,
    x: number,
    gamma: number,
    beta: number,
    rows: number,
    width: number,
  ): void;
  /** dx ← scale (d − mean(d) − xHat mean(d xHat)), d = γ dy; dγ += Σ dy xHat; dβ += Σ dy */
  layerNormBackward(
    dx: number,
    dGamma: number,
    dBeta: number,
    dy: number,
    xHat: number,
    scale: number,
    gamma: number,
    rows: number,
    width: number,
  ): void;
  /** Copies the first `width` floats of every row. */
  copyColumns(dst: number, ldDst: number, src: number, ldSrc: number, rows: number, width: number): void;
  /** dst row r ← src row order[r]; order int32 */
  gatherRows(dst: number, src: number, order: number, rows: number, width: number): void;
  /** dst row order[r] ← src row r */
  scatterRows(dst: number, src: number, order: number, rows: number, width: number): void;
}

/** A `WebAssembly.Memory`: growing it detaches every view. */
export interface KernelMemory {
  readonly buffer: ArrayBuffer;
  /** By a number of pages of 64 KiB. */
  grow(pages: number): number;
}

/** Floats of scratch that `multiply` wants at `tile`. */
export const tileFloats = 64;
