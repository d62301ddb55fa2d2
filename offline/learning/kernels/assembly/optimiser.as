// What is done to every weight after a gradient: four at a time, arrays padded to a multiple of four.

/** One step of Adam on n weights: m, v updated, w ← w − rate m / (√v + 1e-8) − decay w, gradient scaled by `scale`. */
export function adam(w: usize, m: usize, v: usize, g: usize, n: i32, scale: f32, rate: f32, decay: f32): void {
  const scale4 = f32x4.splat(scale);
  const rate4 = f32x4.splat(rate);
  const keep = f32x4.splat(decay);
  for (let i = 0; i < n; i += 4) {
    const g4 = f32x4.mul(v128.load(g), scale4);
    const m4 = f32x4.add(f32x4.mul(v128.load(m), f32x4.splat(0.9)), f32x4.mul(g4, f32x4.splat(0.1)));
    const square = f32x4.mul(f32x4.mul(g4, g4), f32x4.splat(0.001));
    const v4 = f32x4.add(f32x4.mul(v128.load(v), f32x4.splat(0.999)), square);
    const w4 = v128.load(w);
    const step = f32x4.div(f32x4.mul(m4, rate4), f32x4.add(f32x4.sqrt(v4), f32x4.splat(1e-8)));
    v128.store(m, m4);
    v128.store(v, v4);
    v128.store(w, f32x4.sub(w4, f32x4.add(step, f32x4.mul(w4, keep))));
    w += 16;
    m += 16;
    v += 16;
    g += 16;
  }
}

/** to ← to + τ (from − to) */
export function follow(to: usize, from: usize, n: i32, tau: f32): void {
  const tau4 = f32x4.splat(tau);
  for (let i = 0; i < n; i += 4) {
    const t = v128.load(to);
    v128.store(to, f32x4.add(t, f32x4.mul(f32x4.sub(v128.load(from), t), tau4)));
    to += 16;
    from += 16;
  }
}
