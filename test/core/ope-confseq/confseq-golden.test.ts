import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BernoulliSequence } from '../../../src/core/ope/confidence-sequence/bernoulli-sequence.ts';
import { BettingSequence } from '../../../src/core/ope/confidence-sequence/betting-sequence.ts';
import { CapitalGrid } from '../../../src/core/ope/confidence-sequence/capital-grid.ts';
import { ConjugateMixtureSequence } from '../../../src/core/ope/confidence-sequence/conjugate-mixture-sequence.ts';
import { EmpiricalBernsteinSequence } from '../../../src/core/ope/confidence-sequence/empirical-bernstein-sequence.ts';
import { HoeffdingSequence } from '../../../src/core/ope/confidence-sequence/hoeffding-sequence.ts';
import {
  gammaExponentialBoundary,
  gammaExponentialLogMixture,
  normalBoundary,
  normalLogMixture,
  oneSidedNormalBoundary,
  oneSidedRho,
  twoSidedRho,
} from '../../../src/core/ope/confidence-sequence/mixture-boundaries.ts';
import { PredictableBets } from '../../../src/core/ope/confidence-sequence/predictable-bets.ts';
import { intersect, type ConfidenceSequence } from '../../../src/core/ope/confidence-sequence/sequence.ts';
import type { Interval } from '../../../src/core/ope/report.ts';
import { sharedFolder } from '../../support/shared.ts';
import { closeTo, intervalOf } from '../ope-intervals/support.ts';

const folder = sharedFolder('golden/confseq');

interface Ends {
  readonly lower: readonly number[];
  readonly upper?: readonly number[];
}
interface Golden {
  readonly times: readonly number[];
  readonly sequences: Readonly<
    Record<string, Readonly<Record<string, Ends & { lambda: readonly number[] }>>>
  >;
  readonly boundaries: Readonly<Record<string, readonly number[]>>;
}

const golden: Golden =
  folder === null
    ? { times: [], sequences: {}, boundaries: {} }
    : (JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')) as Golden);

function columns(): ReadonlyMap<string, Float64Array> {
  if (folder === null) return new Map();
  const text = gunzipSync(readFileSync(join(folder, 'sequences.csv.gz'))).toString('utf8');
  const [header, ...rows] = text.trim().split('\n');
  const cells = rows.map((row) => row.split(',').map(Number));
  return new Map(header.split(',').map((name, j) => [name, Float64Array.from(cells, (row) => row[j])]));
}

const data = columns();
const support = { min: 0, max: 1 };
const level = 0.95;
/** confseq predicts an observation by the plain running mean, from 0 or from ½. */
const fromZero = { mean: 0, weight: 0 };
const fromHalf = { mean: 0.5, weight: 0 };

const shared: Readonly<Record<string, () => ConfidenceSequence>> = {
  'predmix_empbern_twosided_cs[truncation=0.5]': () =>
    new EmpiricalBernsteinSequence({ level, support, prior: fromZero }),
  'betting_cs[defaults]': () => new BettingSequence({ level, support }),
  'hedged_cs[defaults]': () => new BettingSequence({ level, support }),
  'conjmix_hoeffding_twosided_cs[t_opt=200]': () => new HoeffdingSequence({ level, support, tunedAt: 200 }),
  // confseq's two-sided one is at α/4 per side; the right one, at α/2, is compared below.
  'conjmix_empbern_twosided_cs[v_opt=10]': () =>
    new ConjugateMixtureSequence({
      level: 1 - (1 - level) / 2,
      support,
      varianceTunedAt: 10,
      prior: fromHalf,
    }),
};

function expectEnds(interval: Interval, ends: Ends, j: number): void {
  closeTo(interval.lower, ends.lower[j], 1e-9, 1e-12);
  if (ends.upper !== undefined) closeTo(interval.upper, ends.upper[j], 1e-9, 1e-12);
}

function runThrough(values: Float64Array, sequence: ConfidenceSequence, ends: Ends): void {
  values.forEach((x, i) => {
    sequence.add(x);
    const j = golden.times.indexOf(i + 1);
    if (j >= 0) expectEnds(intervalOf(sequence.interval()), ends, j);
  });
}

const names = [...data.keys()];

describe.skipIf(folder === null)('confseq 0.0.11 (needs ../shared/golden/confseq)', () => {
  const cases = names.flatMap((name) => Object.keys(shared).map((method) => [name, method] as const));

  it.each(cases)('on %s, %s agrees at every time to 1e-9', (name, method) => {
    const ends = golden.sequences[name][`${method}[running_intersection=false]`];
    runThrough(data.get(name) ?? new Float64Array(), shared[method](), ends);
  });

  it.each(cases)('on %s, %s agrees with the running intersection too', (name, method) => {
    const ends = golden.sequences[name][`${method}[running_intersection=true]`];
    const sequence = shared[method]();
    let running: Interval | null = null;
    data.get(name)?.forEach((x, i) => {
      running = intersect(running, intervalOf(sequence.update(x)));
      const j = golden.times.indexOf(i + 1);
      if (j >= 0) expectEnds(running as unknown as Interval, ends, j);
    });
  });

  it.each(names)(
    'on %s, the two-sided conjugate mixture is at α/2 per side, where confseq is at α/4',
    (name) => {
      const ends =
        golden.sequences[name]['empbern mixture at alpha/2 per side [v_opt=10,c=1,alpha_opt=0.025]'];
      const sequence = new ConjugateMixtureSequence({ level, support, varianceTunedAt: 10, prior: fromHalf });
      runThrough(data.get(name) ?? new Float64Array(), sequence, ends);
      const theirs =
        golden.sequences[name]['conjmix_empbern_twosided_cs[v_opt=10][running_intersection=false]'];
      const last = intervalOf(sequence.interval());
      expect(last.lower).toBeGreaterThan(theirs.lower[golden.times.length - 1]);
      expect(last.upper).toBeLessThan(theirs.upper?.[golden.times.length - 1] ?? 0);
    },
  );

  it.each(names)('on %s, the one-sided betting sequence agrees', (name) => {
    const ends = golden.sequences[name]['betting_lower_cs[defaults]'];
    const sequence = new BettingSequence({ level, support, sides: 'lower' });
    runThrough(data.get(name) ?? new Float64Array(), sequence, ends);
    expect(intervalOf(sequence.interval()).upper).toBe(1);
  });

  it.each(names)('on %s, bets and capital agree', (name) => {
    const lambda = golden.sequences[name]['lambda_predmix_eb[truncation=inf,alpha=0.05]'].lambda;
    const marts = golden.sequences[name]['betting_mart[defaults] by m'] as unknown as Record<
      string,
      number[]
    >;
    const bets = new PredictableBets(0.05);
    const stakes = new PredictableBets(0.025);
    const capital = new CapitalGrid(10, 0.5);
    data.get(name)?.forEach((x, i) => {
      const j = golden.times.indexOf(i + 1);
      if (j >= 0) closeTo(bets.next(), lambda[j], 1e-9);
      bets.add(x);
      capital.add(x, stakes.next());
      stakes.add(x);
      if (j < 0) return;
      for (const m of ['0.1', '0.2', '0.3', '0.5']) {
        const { above, below } = capital.logCapital(Number(m) * 10);
        closeTo(Math.exp(Math.max(above, below)) / 2, marts[m][j], 1e-9);
      }
    });
  });

  it.each(names.filter((name) => name !== 'heavy'))('on %s, the beta-binomial sequence agrees', (name) => {
    const ends = golden.sequences[name]['bernoulli_confidence_interval[t_opt=100]'];
    const sequence = new BernoulliSequence({ level, tunedAt: 100 });
    data.get(name)?.forEach((x, i) => {
      sequence.add(x);
      const j = golden.times.indexOf(i + 1);
      if (j < 0) return;
      const { lower, upper } = intervalOf(sequence.interval());
      // Their bisection stops at 40 bits.
      closeTo(lower, ends.lower[j], 1e-9, 2e-12);
      closeTo(upper, ends.upper?.[j] ?? NaN, 1e-9, 2e-12);
    });
  });

  const { boundaries } = golden;
  const rho = (side: typeof oneSidedRho, v = 10, alpha = 0.05): number => side(v, alpha);
  it.each<[string, (v: number) => number]>([
    [
      'normal_mixture_bound[alpha=0.05,v_opt=10,one_sided]',
      (v) => oneSidedNormalBoundary(v, 0.05, rho(oneSidedRho)),
    ],
    ['normal_mixture_bound[alpha=0.05,v_opt=10,two_sided]', (v) => normalBoundary(v, 0.05, rho(twoSidedRho))],
    [
      'normal_mixture_bound[alpha=0.01,v_opt=100,alpha_opt=0.01,two_sided]',
      (v) => normalBoundary(v, 0.01, rho(twoSidedRho, 100, 0.01)),
    ],
    [
      'gamma_exponential_mixture_bound[alpha=0.05,v_opt=10,c=1]',
      (v) => gammaExponentialBoundary(v, 0.05, rho(oneSidedRho), 1),
    ],
    [
      'gamma_exponential_mixture_bound[alpha=0.025,v_opt=10,c=2]',
      (v) => gammaExponentialBoundary(v, 0.025, rho(oneSidedRho), 2),
    ],
    ['normal_log_mixture[s=5,v_opt=10,two_sided]', (v) => normalLogMixture(5, v, rho(twoSidedRho))],
    [
      'gamma_exponential_log_mixture[s=5,v_opt=10,c=1]',
      (v) => gammaExponentialLogMixture(5, v, rho(oneSidedRho), 1),
    ],
  ])('%s agrees to 1e-9', (name, ours) => {
    boundaries['v'].forEach((v, i) => closeTo(ours(v), boundaries[name][i], 1e-9));
  });
});
