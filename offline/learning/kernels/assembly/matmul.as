// Matrix products on packed panels (Goto & van de Geijn 2008): the left factor in panels of 5 rows, the right one in panels
// of 8 columns, so that the innermost loop reads both in order and keeps 5 × 8 sums in ten of the sixteen registers that
// V8 has. Six rows spill; of 3 × 12, 4 × 8, 5 × 8, 6 × 8 and 12 × 4 this was the fastest. Pointers in bytes, sizes in
// floats; panels are padded with zeros.

const tileRows: i32 = 5;
const tileColumns: i32 = 8;

/** dst [⌈n/8⌉][k][8] ← b (k,n), b (k,n) row-major with `ldb` floats per row, or its transpose (n,k). */
export function packRight(dst: usize, b: usize, ldb: i32, isTransposed: bool, k: i32, n: i32): void {
  const rowBytes = usize(ldb) << 2;
  for (let j = 0; j < n; j += tileColumns) {
    const width = min(tileColumns, n - j);
    for (let r = 0; r < k; r += 1) {
      if (isTransposed) {
        let from = b + usize(j) * rowBytes + (usize(r) << 2);
        for (let c = 0; c < width; c += 1) {
          store<f32>(dst + (usize(c) << 2), load<f32>(from));
          from += rowBytes;
        }
      } else {
        const from = b + usize(r) * rowBytes + (usize(j) << 2);
        if (width == tileColumns) {
          v128.store(dst, v128.load(from));
          v128.store(dst, v128.load(from, 16), 16);
        } else {
          for (let c = 0; c < width; c += 1) store<f32>(dst + (usize(c) << 2), load<f32>(from + (usize(c) << 2)));
        }
      }
      for (let c = width; c < tileColumns; c += 1) store<f32>(dst + (usize(c) << 2), 0);
      dst += usize(tileColumns) << 2;
    }
  }
}

/** dst [⌈m/5⌉][k][5] ← a (m,k), a (m,k) row-major with `lda` floats per row, or its transpose (k,m). */
export function packLeft(dst: usize, a: usize, lda: i32, isTransposed: bool, m: i32, k: i32): void {
  const rowStep = isTransposed ? usize(4) : usize(lda) << 2;
  const columnStep = isTransposed ? usize(lda) << 2 : usize(4);
  for (let i = 0; i < m; i += tileRows) {
    const height = min(tileRows, m - i);
    let from = a + usize(i) * rowStep;
    if (height == tileRows) {
      for (let c = 0; c < k; c += 1) {
        store<f32>(dst, load<f32>(from));
        store<f32>(dst, load<f32>(from + rowStep), 4);
        store<f32>(dst, load<f32>(from + 2 * rowStep), 8);
        store<f32>(dst, load<f32>(from + 3 * rowStep), 12);
        store<f32>(dst, load<f32>(from + 4 * rowStep), 16);
        from += columnStep;
        dst += usize(tileRows) << 2;
      }
    } else {
      for (let c = 0; c < k; c += 1) {
        for (let r = 0; r < tileRows; r += 1)
          store<f32>(dst + (usize(r) << 2), r < height ? load<f32>(from + usize(r) * rowStep) : 0);
        from += columnStep;
        dst += usize(tileRows) << 2;
      }
    }
  }
}

/**
 * c (m,n; `ldc` floats per row) ← left · right + bias, or c + left · right when it accumulates; bias (n), 0: none.
 * `tile` is scratch for 40 floats.
 */
export function multiply(
  c: usize,
  ldc: i32,
  left: usize,
  right: usize,
  bias: usize,
  accumulates: bool,
  m: i32,
  n: i32,
  k: i32,
  tile: usize,
): void {
  const rowBytes = usize(ldc) << 2;
  for (let j = 0; j < n; j += tileColumns) {
    const width = min(tileColumns, n - j);
    const panel = right + (usize(j) * usize(k) << 2);
    const offset = bias == 0 ? usize(0) : bias + (usize(j) << 2);
    for (let i = 0; i < m; i += tileRows) {
      const rows = left + (usize(i) * usize(k) << 2);
      const at = c + usize(i) * rowBytes + (usize(j) << 2);
      const height = min(tileRows, m - i);
      if (height == tileRows && width == tileColumns) {
        multiplyTile(at, rowBytes, rows, panel, offset, accumulates, k);
      } else {
        multiplyTile(tile, usize(tileColumns) << 2, rows, panel, 0, false, k);
        copyTile(at, rowBytes, tile, offset, accumulates, height, width);
      }
    }
  }
}

function copyTile(
  c: usize,
  rowBytes: usize,
  tile: usize,
  bias: usize,
  accumulates: bool,
  height: i32,
  width: i32,
): void {
  for (let r = 0; r < height; r += 1) {
    for (let j = 0; j < width; j += 1) {
      const at = c + (usize(j) << 2);
      let sum = load<f32>(tile + (usize(j) << 2));
      if (bias != 0) sum += load<f32>(bias + (usize(j) << 2));
      if (accumulates) sum += load<f32>(at);
      store<f32>(at, sum);
    }
    c += rowBytes;
    tile += usize(tileColumns) << 2;
  }
}

function multiplyTile(
  c: usize,
  rowBytes: usize,
  a: usize,
  b: usize,
  bias: usize,
  accumulates: bool,
  k: i32,
): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  if (bias != 0) {
    c00 = v128.load(bias);
    c01 = v128.load(bias, 16);
  }
  let c10 = c00;
  let c11 = c01;
  let c20 = c00;
  let c21 = c01;
  let c30 = c00;
  let c31 = c01;
  let c40 = c00;
  let c41 = c01;
  for (let r = 0; r < k; r += 1) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load_splat<f32>(a);
    c00 = f32x4.add(c00, f32x4.mul(x, b0));
    c01 = f32x4.add(c01, f32x4.mul(x, b1));
    x = v128.load_splat<f32>(a, 4);
    c10 = f32x4.add(c10, f32x4.mul(x, b0));
    c11 = f32x4.add(c11, f32x4.mul(x, b1));
    x = v128.load_splat<f32>(a, 8);
    c20 = f32x4.add(c20, f32x4.mul(x, b0));
    c21 = f32x4.add(c21, f32x4.mul(x, b1));
    x = v128.load_splat<f32>(a, 12);
    c30 = f32x4.add(c30, f32x4.mul(x, b0));
    c31 = f32x4.add(c31, f32x4.mul(x, b1));
    x = v128.load_splat<f32>(a, 16);
    c40 = f32x4.add(c40, f32x4.mul(x, b0));
    c41 = f32x4.add(c41, f32x4.mul(x, b1));
    a += 20;
    b += 32;
  }
  storeRow(c, c00, c01, accumulates);
  storeRow(c + rowBytes, c10, c11, accumulates);
  storeRow(c + 2 * rowBytes, c20, c21, accumulates);
  storeRow(c + 3 * rowBytes, c30, c31, accumulates);
  storeRow(c + 4 * rowBytes, c40, c41, accumulates);
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function storeRow(c: usize, first: v128, second: v128, accumulates: bool): void {
  if (accumulates) {
    first = f32x4.add(first, v128.load(c));
    second = f32x4.add(second, v128.load(c, 16));
  }
  v128.store(c, first);
  v128.store(c, second, 16);
}
