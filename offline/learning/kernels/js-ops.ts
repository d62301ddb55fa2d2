import type { KernelMemory, KernelOps } from './kernel-ops.ts';

/** The definition of the kernel's operations in plain JavaScript: the test's oracle, and what runs without SIMD. */
export function createJsOps(): KernelOps {
  const memory = new PlainMemory();
  /** The floats from a byte offset on. */
  const at = (pointer: number): Float32Array => new Float32Array(memory.buffer, pointer);
  return {
    name: 'js',
    memory,
    packedRight: (k, n) => k * n,
    packedLeft: (m, k) => m * k,
    packRight: (dst, b, ldb, isTransposed, k, n) => copyMatrix(at(dst), at(b), ldb, isTransposed, k, n),
    packLeft: (dst, a, lda, isTransposed, m, k) => copyMatrix(at(dst), at(a), lda, isTransposed, m, k),
    multiply(c, ldc, left, right, bias, accumulates, m, n, k) {
      const product = multiplyMatrices(at(left), at(right), m, n, k);
      const to = at(c);
      const offset = bias === 0 ? null : at(bias);
      for (let i = 0; i < m; i += 1)
        for (let j = 0; j < n; j += 1) {
          const before = accumulates ? to[i * ldc + j] : 0;
          to[i * ldc + j] = before + product[i * n + j] + (offset === null ? 0 : offset[j]);
        }
    },
    ...activations(at),
    ...norms(at),
    ...moves(memory, at),
  };
}

class PlainMemory implements KernelMemory {
  buffer = new ArrayBuffer(1 << 16);

  grow(pages: number): number {
    const larger = new ArrayBuffer(this.buffer.byteLength + pages * 65_536);
    new Uint8Array(larger).set(new Uint8Array(this.buffer));
    const before = this.buffer.byteLength / 65_536;
    this.buffer = larger;
    return before;
  }
}

type At = (pointer: number) => Float32Array;

function copyMatrix(
  dst: Float32Array,
  src: Float32Array,
  ld: number,
  isTransposed: boolean,
  rows: number,
  columns: number,
): void {
  for (let i = 0; i < rows; i += 1)
    for (let j = 0; j < columns; j += 1)
      dst[i * columns + j] = isTransposed ? src[j * ld + i] : src[i * ld + j];
}

function multiplyMatrices(
  left: Float32Array,
  right: Float32Array,
  m: number,
  n: number,
  k: number,
): Float32Array {
  const product = new Float32Array(m * n);
  for (let i = 0; i < m; i += 1)
    for (let r = 0; r < k; r += 1) {
      const x = left[i * k + r];
      if (x === 0) continue;
      for (let j = 0; j < n; j += 1) product[i * n + j] += x * right[r * n + j];
    }
  return product;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

function activations(at: At): Pick<KernelOps, 'relu' | 'reluBackward' | 'silu' | 'siluBackward'> {
  const map = (to: number, n: number, f: (i: number) => number): void => {
    const y = at(to);
    for (let i = 0; i < n; i += 1) y[i] = f(i);
  };
  return {
    relu(y, x, n) {
      const from = at(x);
      map(y, n, (i) => Math.max(from[i], 0));
    },
    reluBackward(dx, dy, x, n) {
      const [g, from] = [at(dy), at(x)];
      map(dx, n, (i) => (from[i] > 0 ? g[i] : 0));
    },
    silu(y, x, n) {
      const from = at(x);
      map(y, n, (i) => from[i] * sigmoid(from[i]));
    },
    siluBackward(dx, dy, x, n) {
      const [g, from] = [at(dy), at(x)];
      map(dx, n, (i) => {
        const s = sigmoid(from[i]);
        return g[i] * s * (1 + from[i] * (1 - s));
      });
    },
  };
}

function norms(at: At): Pick<KernelOps, 'addRows' | 'layerNorm' | 'layerNormBackward'> {
  return {
    addRows(sums, x, rows, width) {
      const [s, from] = [at(sums), at(x)];
      for (let i = 0; i < rows * width; i += 1) s[i % width] += from[i];
    },
    layerNorm(y, xHat, scale, x, gamma, beta, rows, width) {
      const [to, hat, scales, from, g, b] = [y, xHat, scale, x, gamma, beta].map(at);
      for (let r = 0; r < rows; r += 1) {
        const row = from.subarray(r * width, (r + 1) * width);
        const mean = row.reduce((sum, v) => sum + v, 0) / width;
        const variance = row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / width;
        scales[r] = 1 / Math.sqrt(variance + 1e-5);
        for (let j = 0; j < width; j += 1) {
          hat[r * width + j] = (row[j] - mean) * scales[r];
          to[r * width + j] = hat[r * width + j] * g[j] + b[j];
        }
      }
    },
    layerNormBackward(dx, dGamma, dBeta, dy, xHat, scale, gamma, rows, width) {
      const [to, dg, db, from, hat, scales, g] = [dx, dGamma, dBeta, dy, xHat, scale, gamma].map(at);
      for (let r = 0; r < rows; r += 1) {
        let mean = 0;
        let along = 0;
        for (let j = 0, i = r * width; j < width; j += 1, i += 1) {
          mean += (from[i] * g[j]) / width;
          along += (from[i] * g[j] * hat[i]) / width;
          dg[j] += from[i] * hat[i];
          db[j] += from[i];
        }
        for (let j = 0, i = r * width; j < width; j += 1, i += 1)
          to[i] = scales[r] * (from[i] * g[j] - mean - hat[i] * along);
      }
    },
  };
}

function moves(memory: KernelMemory, at: At): Pick<KernelOps, 'copyColumns' | 'gatherRows' | 'scatterRows'> {
  const move = (
    dst: number,
    src: number,
    rows: number,
    width: number,
    rowsOf: (r: number) => readonly [to: number, from: number],
  ): void => {
    const [to, from] = [at(dst), at(src)];
    for (let r = 0; r < rows; r += 1) {
      const [t, f] = rowsOf(r);
      to.set(from.subarray(f, f + width), t);
    }
  };
  return {
    copyColumns: (dst, ldDst, src, ldSrc, rows, width) =>
      move(dst, src, rows, width, (r) => [r * ldDst, r * ldSrc]),
    gatherRows(dst, src, order, rows, width) {
      const index = new Int32Array(memory.buffer, order);
      move(dst, src, rows, width, (r) => [r * width, index[r] * width]);
    },
    scatterRows(dst, src, order, rows, width) {
      const index = new Int32Array(memory.buffer, order);
      move(dst, src, rows, width, (r) => [index[r] * width, r * width]);
    },
  };
}
