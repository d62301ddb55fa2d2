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
 * `tile` is scratch for 48 floats.
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
  const zeros = tile + (usize(tileRows * tileColumns) << 2);
  memory.fill(zeros, 0, usize(tileColumns) << 2);
  for (let j = 0; j < n; j += tileColumns) {
    const width = min(tileColumns, n - j);
    const panel = right + (usize(j) * usize(k) << 2);
    const offset = bias == 0 ? zeros : bias + (usize(j) << 2);
    for (let i = 0; i < m; i += tileRows) {
      const rows = left + (usize(i) * usize(k) << 2);
      const at = c + usize(i) * rowBytes + (usize(j) << 2);
      const height = min(tileRows, m - i);
      const base = accumulates ? at : offset;
      const baseBytes = accumulates ? rowBytes : usize(0);
      if (height == tileRows && width == tileColumns) {
        multiplyTile(at, rowBytes, base, baseBytes, rows, panel, k);
      } else {
        const tileBytes = usize(tileColumns) << 2;
        copyTile(tile, tileBytes, base, baseBytes, height, width);
        multiplyTile(tile, tileBytes, tile, tileBytes, rows, panel, k);
        copyTile(at, rowBytes, tile, tileBytes, height, width);
      }
    }
  }
}

function copyTile(dst: usize, dstBytes: usize, src: usize, srcBytes: usize, height: i32, width: i32): void {
  for (let r = 0; r < height; r += 1) {
    for (let j: usize = 0; j < usize(width) << 2; j += 4) store<f32>(dst + j, load<f32>(src + j));
    dst += dstBytes;
    src += srcBytes;
  }
}

/**
 * c (5,8) ← base (5,8) + a · b. The sums start from loads and end in stores, with nothing computed before or behind the
 * loop: whatever else touches them (a bias added at the end, a branch, one load shared by two sums) makes V8 spill some
 * inside the loop and halves the speed.
 */
function multiplyTile(
  c: usize,
  rowBytes: usize,
  base: usize,
  baseBytes: usize,
  a: usize,
  b: usize,
  k: i32,
): void {
  let c00 = v128.load(base);
  let c01 = v128.load(base, 16);
  base += baseBytes;
  let c10 = v128.load(base);
  let c11 = v128.load(base, 16);
  base += baseBytes;
  let c20 = v128.load(base);
  let c21 = v128.load(base, 16);
  base += baseBytes;
  let c30 = v128.load(base);
  let c31 = v128.load(base, 16);
  base += baseBytes;
  let c40 = v128.load(base);
  let c41 = v128.load(base, 16);
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
  v128.store(c, c00);
  v128.store(c, c01, 16);
  c += rowBytes;
  v128.store(c, c10);
  v128.store(c, c11, 16);
  c += rowBytes;
  v128.store(c, c20);
  v128.store(c, c21, 16);
  c += rowBytes;
  v128.store(c, c30);
  v128.store(c, c31, 16);
  c += rowBytes;
  v128.store(c, c40);
  v128.store(c, c41, 16);
}
