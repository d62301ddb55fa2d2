/** f(x), with ∇f(x) written to `gradient`. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

export interface LbfgsOptions {
  readonly iterations: number;
  /** Stops once every component of the gradient is below it. */
  readonly tolerance: number;
  /** Pairs (s, y) kept for the inverse Hessian. */
  readonly memory: number;
}

interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly rho: number;
}

const defaults: LbfgsOptions = { iterations: 1000, tolerance: 1e-6, memory: 10 };

/**
 * Minimises a smooth convex function: the two-loop recursion for the direction, halving of the step until
 * f(x + t d) ≤ f(x) + 10⁻⁴ t ∇f·d. Pairs without curvature (s·y ≤ 0) are dropped.
 *
 * Source: Nocedal and Wright 2006, algorithms 7.4 and 7.5.
 */
export function minimise(
  objective: Objective,
  start: Float64Array,
  given: Partial<LbfgsOptions> = {},
): Float64Array {
  const { iterations, tolerance, memory } = { ...defaults, ...given };
  let x = start.slice();
  let gradient = new Float64Array(x.length);
  let value = objective(x, gradient);
  const pairs: Pair[] = [];
  for (let k = 0; k < iterations && largest(gradient) > tolerance; k++) {
    const direction = descent(gradient, pairs);
    const next = lineSearch(objective, x, value, gradient, direction);
    if (next === null) break;
    const s = next.x.map((v, i) => v - x[i]);
    const y = next.gradient.map((v, i) => v - gradient[i]);
    const curvature = dot(s, y);
    if (curvature > 1e-12) pairs.push({ s, y, rho: 1 / curvature });
    if (pairs.length > memory) pairs.shift();
    ({ x, value, gradient } = next);
  }
  return x;
}

/** −H ∇f. */
function descent(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const q = gradient.slice();
  const alphas = new Float64Array(pairs.length);
  for (let j = pairs.length - 1; j >= 0; j--) {
    alphas[j] = pairs[j].rho * dot(pairs[j].s, q);
    addScaled(q, -alphas[j], pairs[j].y);
  }
  const last = pairs[pairs.length - 1];
  const scale = last === undefined ? 1 / Math.max(1, norm(gradient)) : 1 / (last.rho * dot(last.y, last.y));
  for (let i = 0; i < q.length; i++) q[i] *= scale;
  pairs.forEach(({ s, y, rho }, j) => addScaled(q, alphas[j] - rho * dot(y, q), s));
  return q.map((v) => -v);
}

function lineSearch(
  objective: Objective,
  x: Float64Array,
  value: number,
  gradient: Float64Array,
  direction: Float64Array,
): { x: Float64Array<ArrayBuffer>; value: number; gradient: Float64Array<ArrayBuffer> } | null {
  const slope = dot(gradient, direction);
  if (!(slope < 0)) return null;
  for (let step = 1; step > 1e-12; step /= 2) {
    const trial = Float64Array.from(x, (v, i) => v + step * direction[i]);
    const trialGradient = new Float64Array(x.length);
    const trialValue = objective(trial, trialGradient);
    if (trialValue <= value + 1e-4 * step * slope)
      return { x: trial, value: trialValue, gradient: trialGradient };
  }
  return null;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

const norm = (a: Float64Array): number => Math.sqrt(dot(a, a));
const largest = (a: Float64Array): number => a.reduce((max, v) => Math.max(max, Math.abs(v)), 0);

function addScaled(target: Float64Array, scale: number, source: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i] += scale * source[i];
}
