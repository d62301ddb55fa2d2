/**
 * Draws how often each unit enters a bootstrap resample: an exact multinomial (n draws with replacement out of n).
 *
 * Why not Poisson(1) weights: they cost the same per unit, and the exact draw needs no argument about the random
 * resample size. Poisson weights become worth it where units are streamed and their number is not known.
 *
 * Generator: sfc32 (Chris Doty-Humphrey's small fast counting generator, period ≥ 2³², passes PractRand), written out
 * in the loop because 10⁵ resamples of 10⁴ units are 10⁹ draws. Every resample has its own stream, made from
 * (seed, resample), so a resample is the same in whatever batch or worker it is drawn.
 */
export function drawResampleCounts(seed: number, resample: number, counts: Uint8Array): void {
  counts.fill(0);
  const n = counts.length;
  // index = ⌊u n / 2³²⌋: a unit's probability is off 1/n by less than 2⁻³².
  const scale = n / 4_294_967_296;
  let a = mix(seed | 0);
  let b = mix(resample | 0);
  let c = mix(Math.floor(seed / 4_294_967_296) | 0) ^ 0x9e3779b9;
  let d = 1;
  for (let i = -12; i < n; i++) {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    // The first twelve outputs only stir the seed. A count above 255 has a probability below 10⁻⁵⁰⁰.
    if (i >= 0) counts[((t >>> 0) * scale) | 0]++;
  }
}

/** The finaliser of MurmurHash3: neighbouring seeds and resamples start far apart. */
function mix(value: number): number {
  let h = value + 0x6d2b79f5;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
