import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { OffPolicySequence } from '../../../src/core/ope/confidence-sequence/off-policy-sequence.ts';
import { clopperPearson } from '../../../src/core/ope/intervals/clopper-pearson.ts';
import { cressieReadSums } from '../../../src/core/ope/intervals/cressie-read-sums.ts';
import { cressieRead, cressieReadEstimate } from '../../../src/core/ope/intervals/cressie-read.ts';
import { gaussian } from '../../../src/core/ope/intervals/gaussian.ts';
import { sharedFolder } from '../../support/shared.ts';
import { closeTo, intervalOf, refusalCode } from './support.ts';

const folder = sharedFolder('golden/vw-estimators');

type Ends = readonly [number | string, number | string];
interface At {
  readonly estimates: Readonly<Record<string, number>>;
  readonly intervals: Readonly<Record<string, Readonly<Record<string, Ends>>>>;
}
interface Golden {
  readonly variants: Readonly<Record<string, { readonly at: Readonly<Record<string, At>> }>>;
  readonly clopper_pearson_function: readonly {
    readonly successes: number;
    readonly n: number;
    readonly alpha: number;
    readonly result: readonly [number, number];
  }[];
}

const golden: Golden =
  folder === null
    ? { variants: {}, clopper_pearson_function: [] }
    : (JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')) as Golden);

const stream: number[][] =
  folder === null
    ? []
    : gunzipSync(readFileSync(join(folder, 'stream.csv.gz')))
        .toString('utf8')
        .trim()
        .split('\n')
        .slice(1)
        .map((row) => row.split(',').map(Number));

/** The first k rows of a variant: repeated by their count, or after the rows that were dropped at random (weight 0). */
function rowsOf(variant: string, k: number): { weights: Float64Array; responses: Float64Array } {
  const [kind, mode] = variant.split('/');
  const weights: number[] = [];
  const responses: number[] = [];
  for (const [pLog, pPred, binary, continuous, count, pDrop, nDrop] of stream.slice(0, k)) {
    const isDrop = mode === 'drop';
    for (let i = 0; isDrop && i < nDrop; i++) {
      weights.push(0);
      responses.push(0);
    }
    for (let i = 0; i < (mode === 'count' ? count : 1); i++) {
      weights.push(pPred / pLog / (isDrop ? 1 - pDrop : 1));
      responses.push(kind === 'binary' ? binary : continuous);
    }
  }
  return { weights: Float64Array.from(weights), responses: Float64Array.from(responses) };
}

const numeric = (x: number | string): number =>
  typeof x === 'number' ? x : x === 'inf' ? Infinity : -Infinity;
const unit = { min: 0, max: 1 };
const alphas = [0.05, 0.2];
const cases = Object.entries(golden.variants).flatMap(([variant, { at }]) =>
  Object.keys(at).map((k) => [variant, Number(k), at[k]] as const),
);
/** One distinct row leaves no spread: what they print is then decided by rounding (see the last test). */
const manyRows = cases.filter(([, k]) => k > 1);

function expectEnds(actual: { lower: number; upper: number }, ends: Ends): void {
  closeTo(actual.lower, numeric(ends[0]), 1e-9, 1e-13);
  closeTo(actual.upper, numeric(ends[1]), 1e-9, 1e-13);
}

describe.skipIf(folder === null)('VW estimators (needs ../shared/golden/vw-estimators)', () => {
  it.each(manyRows)('%s, %i rows: Cressie–Read intervals agree to 1e-9', (variant, k, at) => {
    const { weights, responses } = rowsOf(variant, k);
    const sums = cressieReadSums(weights, responses);
    // Rows that stand for dropped ones can weigh more than 20; they then widen their range to what they saw.
    const largest = Math.max(20, sums.largestWeight);
    for (const alpha of alphas) {
      for (const [name, max] of [
        ['w in 0..inf,r in 0..1', Infinity],
        ['w in 0..20,r in 0..1', largest],
        ['w in 0..20,empirical r', largest],
      ] as const) {
        const options = { level: 1 - alpha, weights: { min: 0, max }, responses: unit };
        expectEnds(
          intervalOf(cressieRead(sums, options)),
          at.intervals[`cressieread[${name}]`][`alpha=${alpha}`],
        );
      }
    }
  });

  it.each(cases.filter(([variant]) => !variant.endsWith('drop')))(
    '%s, %i rows: the Cressie–Read estimate agrees to 1e-9',
    (variant, k, at) => {
      const { weights, responses } = rowsOf(variant, k);
      const sums = cressieReadSums(weights, responses);
      for (const [name, max] of [
        ['w in 0..inf', Infinity],
        ['w in 0..20', 20],
      ] as const) {
        closeTo(cressieReadEstimate(sums, { min: 0, max }), at.estimates[`cressieread[${name}]`], 1e-9);
      }
    },
  );

  it.each(manyRows)('%s, %i rows: the Gaussian interval agrees to 1e-9', (variant, k, at) => {
    const { weights, responses } = rowsOf(variant, k);
    const contributions = weights.map((w, i) => w * responses[i]);
    for (const alpha of alphas) {
      const interval = intervalOf(gaussian(contributions, { level: 1 - alpha }));
      expectEnds(interval, at.intervals['gaussian'][`alpha=${alpha}`]);
    }
  });

  it.each(cases)('%s, %i rows: the confidence sequence agrees to 1e-9', (variant, k, at) => {
    const { weights, responses } = rowsOf(variant, k);
    for (const alpha of alphas) {
      const sequence = new OffPolicySequence({ level: 1 - alpha, responses: unit });
      weights.forEach((w, i) => sequence.add(w, responses[i]));
      expectEnds(intervalOf(sequence.interval()), at.intervals['cs[r in 0..1]'][`alpha=${alpha}`]);
    }
  });

  it.each([...golden.clopper_pearson_function])(
    'Clopper–Pearson of $successes in $n agrees, and is refused for what is no count',
    ({ successes, n, alpha, result }) => {
      const ours = clopperPearson(successes, n, { level: 1 - alpha });
      if (Number.isInteger(successes) && Number.isInteger(n)) expectEnds(intervalOf(ours), result);
      else expect(refusalCode(ours)).toBe('not_binary');
    },
  );

  it('of one row, Cressie–Read has no spread: theirs is off by its √2·1e-9, or loses an end to rounding', () => {
    const { weights, responses } = rowsOf('binary/count', 1);
    const sums = cressieReadSums(weights, responses);
    const options = { level: 0.95, weights: { min: 0, max: 20 }, responses: unit };
    const ours = intervalOf(cressieRead(sums, options));
    // On w = 10/19 (r = 1) and one unseen row (w = 20, r = 0), Σ Q w = 1 asks for a mass of 361/370 on the former: Σ Q w r = 19/37.
    closeTo(ours.lower, 19 / 37, 1e-12);
    const theirs = golden.variants['binary/count'].at['1'].intervals['cressieread[w in 0..20,r in 0..1]'];
    expect(theirs['alpha=0.05'][0]).toBeGreaterThan(0.99);
    const plain = golden.variants['binary/plain'].at['1'].intervals['cressieread[w in 0..20,r in 0..1]'];
    closeTo(numeric(plain['alpha=0.05'][0]), 19 / 37, 0, 2e-9);
    // With a response of 0.48 their upper end even falls below the lower one.
    const broken = golden.variants['continuous/plain'].at['1'].intervals['cressieread[w in 0..20,r in 0..1]'];
    expect(numeric(broken['alpha=0.2'][1])).toBeLessThan(numeric(broken['alpha=0.2'][0]));
  });
});
