// Activations, layer norm, sums over rows and moving rows about: four lanes at a time, the rest one by one.

/** eˣ, relative error below 2e-7 on [−87, 88] and clamped beyond (Cephes expf: x = n ln 2 + r, a polynomial in r). */
// @ts-ignore: a decorator of AssemblyScript
@inline
function exp4(x: v128): v128 {
  x = f32x4.max(f32x4.min(x, f32x4.splat(88)), f32x4.splat(-87));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504088896341)));
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.add(r, f32x4.mul(n, f32x4.splat(2.12194440e-4)));
  let p = f32x4.splat(1.9875691500e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(p, r), r), r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return f32x4.mul(p, power);
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function sigmoid4(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))));
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function sum4(x: v128): f32 {
  return (
    f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3))
  );
}

/** y ← max(x, 0); n floats. */
export function relu(y: usize, x: usize, n: i32): void {
  const zero = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(y, f32x4.max(v128.load(x), zero));
    x += 16;
    y += 16;
  }
  for (; i < n; i += 1) {
    store<f32>(y, max<f32>(load<f32>(x), 0));
    x += 4;
    y += 4;
  }
}

/** dx ← dy where x > 0, else 0. */
export function reluBackward(dx: usize, dy: usize, x: usize, n: i32): void {
  const zero = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(dx, v128.and(v128.load(dy), f32x4.gt(v128.load(x), zero)));
    x += 16;
    dx += 16;
    dy += 16;
  }
  for (; i < n; i += 1) {
    store<f32>(dx, load<f32>(x) > 0 ? load<f32>(dy) : 0);
    x += 4;
    dx += 4;
    dy += 4;
  }
}

/** y ← x σ(x) */
export function silu(y: usize, x: usize, n: i32): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const value = v128.load(x);
    v128.store(y, f32x4.mul(value, sigmoid4(value)));
    x += 16;
    y += 16;
  }
  for (; i < n; i += 1) {
    const value = v128.load_splat<f32>(x);
    store<f32>(y, f32x4.extract_lane(f32x4.mul(value, sigmoid4(value)), 0));
    x += 4;
    y += 4;
  }
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function siluSlope(x: v128): v128 {
  const one = f32x4.splat(1);
  const s = sigmoid4(x);
  return f32x4.mul(s, f32x4.add(one, f32x4.mul(x, f32x4.sub(one, s))));
}

/** dx ← dy σ(x) (1 + x (1 − σ(x))) */
export function siluBackward(dx: usize, dy: usize, x: usize, n: i32): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(dx, f32x4.mul(v128.load(dy), siluSlope(v128.load(x))));
    x += 16;
    dx += 16;
    dy += 16;
  }
  for (; i < n; i += 1) {
    const slope = f32x4.extract_lane(siluSlope(v128.load_splat<f32>(x)), 0);
    store<f32>(dx, load<f32>(dy) * slope);
    x += 4;
    dx += 4;
    dy += 4;
  }
}

/** sums (width) ← sums + Σ over rows of x (rows,width) */
export function addRows(sums: usize, x: usize, rows: i32, width: i32): void {
  for (let r = 0; r < rows; r += 1) {
    let s = sums;
    let i = 0;
    for (; i + 4 <= width; i += 4) {
      v128.store(s, f32x4.add(v128.load(s), v128.load(x)));
      s += 16;
      x += 16;
    }
    for (; i < width; i += 1) {
      store<f32>(s, load<f32>(s) + load<f32>(x));
      s += 4;
      x += 4;
    }
  }
}

/** xHat ← (x − mean) scale, scale (rows) ← 1/√(biased variance + 1e-5), y ← γ xHat + β; x (rows,width). */
export function layerNorm(
  y: usize,
  xHat: usize,
  scale: usize,
  x: usize,
  gamma: usize,
  beta: usize,
  rows: i32,
  width: i32,
): void {
  const rowBytes = usize(width) << 2;
  const whole = usize(width & ~3) << 2;
  for (let r = 0; r < rows; r += 1) {
    let sums = f32x4.splat(0);
    let at: usize = 0;
    for (; at < whole; at += 16) sums = f32x4.add(sums, v128.load(x + at));
    let sum = sum4(sums);
    for (; at < rowBytes; at += 4) sum += load<f32>(x + at);
    const mean = sum / f32(width);
    const mean4 = f32x4.splat(mean);
    sums = f32x4.splat(0);
    for (at = 0; at < whole; at += 16) {
      const d = f32x4.sub(v128.load(x + at), mean4);
      sums = f32x4.add(sums, f32x4.mul(d, d));
    }
    sum = sum4(sums);
    for (; at < rowBytes; at += 4) {
      const d = load<f32>(x + at) - mean;
      sum += d * d;
    }
    const s: f32 = 1 / sqrt<f32>(sum / f32(width) + 1e-5);
    store<f32>(scale, s);
    const s4 = f32x4.splat(s);
    for (at = 0; at < whole; at += 16) {
      const h = f32x4.mul(f32x4.sub(v128.load(x + at), mean4), s4);
      v128.store(xHat + at, h);
      v128.store(y + at, f32x4.add(f32x4.mul(h, v128.load(gamma + at)), v128.load(beta + at)));
    }
    for (; at < rowBytes; at += 4) {
      const h = (load<f32>(x + at) - mean) * s;
      store<f32>(xHat + at, h);
      store<f32>(y + at, h * load<f32>(gamma + at) + load<f32>(beta + at));
    }
    scale += 4;
    x += rowBytes;
    xHat += rowBytes;
    y += rowBytes;
  }
}

/** dx ← scale (d − mean(d) − xHat mean(d xHat)) with d = γ dy; dγ += Σ dy xHat, dβ += Σ dy. */
export function layerNormBackward(
  dx: usize,
  dGamma: usize,
  dBeta: usize,
  dy: usize,
  xHat: usize,
  scale: usize,
  gamma: usize,
  rows: i32,
  width: i32,
): void {
  const rowBytes = usize(width) << 2;
  const whole = usize(width & ~3) << 2;
  for (let r = 0; r < rows; r += 1) {
    let sums = f32x4.splat(0);
    let products = f32x4.splat(0);
    let at: usize = 0;
    for (; at < whole; at += 16) {
      const g = v128.load(dy + at);
      const h = v128.load(xHat + at);
      const d = f32x4.mul(g, v128.load(gamma + at));
      sums = f32x4.add(sums, d);
      products = f32x4.add(products, f32x4.mul(d, h));
      v128.store(dGamma + at, f32x4.add(v128.load(dGamma + at), f32x4.mul(g, h)));
      v128.store(dBeta + at, f32x4.add(v128.load(dBeta + at), g));
    }
    let sum = sum4(sums);
    let product = sum4(products);
    for (; at < rowBytes; at += 4) {
      const g = load<f32>(dy + at);
      const h = load<f32>(xHat + at);
      const d = g * load<f32>(gamma + at);
      sum += d;
      product += d * h;
      store<f32>(dGamma + at, load<f32>(dGamma + at) + g * h);
      store<f32>(dBeta + at, load<f32>(dBeta + at) + g);
    }
    const mean = sum / f32(width);
    const along = product / f32(width);
    const s = load<f32>(scale);
    const mean4 = f32x4.splat(mean);
    const along4 = f32x4.splat(along);
    const s4 = f32x4.splat(s);
    for (at = 0; at < whole; at += 16) {
      const d = f32x4.mul(v128.load(dy + at), v128.load(gamma + at));
      const rest = f32x4.sub(f32x4.sub(d, mean4), f32x4.mul(v128.load(xHat + at), along4));
      v128.store(dx + at, f32x4.mul(s4, rest));
    }
    for (; at < rowBytes; at += 4) {
      const d = load<f32>(dy + at) * load<f32>(gamma + at);
      store<f32>(dx + at, s * (d - mean - load<f32>(xHat + at) * along));
    }
    scale += 4;
    dx += rowBytes;
    dy += rowBytes;
    xHat += rowBytes;
  }
}

/** Copies `width` floats of every row; `ldDst`, `ldSrc` floats per row. */
export function copyColumns(dst: usize, ldDst: i32, src: usize, ldSrc: i32, rows: i32, width: i32): void {
  for (let r = 0; r < rows; r += 1) {
    memory.copy(dst, src, usize(width) << 2);
    dst += usize(ldDst) << 2;
    src += usize(ldSrc) << 2;
  }
}

/** dst row r ← src row order[r] */
export function gatherRows(dst: usize, src: usize, order: usize, rows: i32, width: i32): void {
  const rowBytes = usize(width) << 2;
  for (let r = 0; r < rows; r += 1)
    memory.copy(dst + usize(r) * rowBytes, src + usize(load<i32>(order + (usize(r) << 2))) * rowBytes, rowBytes);
}

/** dst row order[r] ← src row r */
export function scatterRows(dst: usize, src: usize, order: usize, rows: i32, width: i32): void {
  const rowBytes = usize(width) << 2;
  for (let r = 0; r < rows; r += 1)
    memory.copy(dst + usize(load<i32>(order + (usize(r) << 2))) * rowBytes, src + usize(r) * rowBytes, rowBytes);
}
