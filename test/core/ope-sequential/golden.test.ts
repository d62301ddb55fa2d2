import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { compensatedSum } from '../../../src/core/math/compensated-sum.ts';
import type { EvaluationPolicy } from '../../../src/core/ope/bandit-log.ts';
import { ratioReduction } from '../../../src/core/ope/sequential/reduction.ts';
import { isTrouble } from '../../../src/core/ope/sequential/sequential-estimator.ts';
import { doublyRobustSums } from '../../../src/core/ope/sequential/sequential-dr.ts';
import { selfNormalisedSteps } from '../../../src/core/ope/sequential/session-sums.ts';
import { sessionCounts, type SessionView } from '../../../src/core/ope/sequential/session-view.ts';
import { spectrumLogWeights } from '../../../src/core/ope/sequential/session-weights.ts';
import { arrangeSessions } from '../../../src/core/ope/sequential/arrange-sessions.ts';
import { evaluateSequentialLog } from '../../../src/core/ope/sequential/evaluate-sequential-log.ts';
import type { SequentialLog } from '../../../src/core/ope/sequential/sequential-log.ts';
import type { RowValues } from '../../../src/core/ope/sequential/value-tables.ts';
import { wdrReduction } from '../../../src/core/ope/sequential/wdr.ts';
import { weightedRewardSums } from '../../../src/core/ope/sequential/pdis.ts';
import { isRefusal, type Estimate } from '../../../src/core/ope/report.ts';
import { sharedFolder } from '../../support/shared.ts';
import { noLimits, quick, valueOf, viewOf } from './world.ts';

const folder = sharedFolder('golden/scope-rl');
const K = 3;

interface Case {
  readonly true_policy_value: number;
  readonly estimates: Readonly<Record<string, Golden>>;
}
interface Golden {
  readonly value: number;
  readonly corrected_value?: number;
  readonly trajectory_std_ddof1: number;
  readonly first_5_trajectory_values: readonly number[];
  readonly intervals_95: Readonly<Record<string, Record<string, number> & { corrected: [number, number] }>>;
}
/** Our id for theirs; their `dm` is fitted Q with a given Q, their `sndr` is WDR. */
const names = {
  dm: 'fqe',
  tis: 'tis',
  pdis: 'pdis',
  dr: 'sequential-dr',
  sntis: 'sntis',
  snpdis: 'snpdis',
  sndr: 'wdr',
} as const;
type Name = keyof typeof names;
const means = ['dm', 'tis', 'pdis', 'dr'] as const;

const golden = (
  folder === null ? { cases: {} } : JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8'))
) as { readonly cases: Readonly<Record<string, Case>> };

let table: ReadonlyMap<string, Float64Array>;
const column = (name: string): Float64Array => table.get(name) ?? new Float64Array();
const wide = (prefix: string): Float64Array =>
  Float64Array.from(
    { length: column('t').length * K },
    (_, j) => column(`${prefix}${j % K}`)[Math.floor(j / K)],
  );

function readTable(file: string): ReadonlyMap<string, Float64Array> {
  const [header, ...lines] = gunzipSync(readFileSync(file)).toString('utf8').trim().split('\n');
  const cells = lines.map((line) => line.split(',').map(Number));
  return new Map(header.split(',').map((name, c) => [name, Float64Array.from(cells, (row) => row[c])]));
}

function inputs(name: string): { log: SequentialLog; policy: EvaluationPolicy; q: Float64Array } {
  const discount = Number(name.replace('gamma=', ''));
  const rounds = column('t').length;
  const { log } = arrangeSessions(
    {
      rounds,
      actions: Int32Array.from(column('action')),
      propensities: column('pscore'),
      responses: new Map([['reward', column('reward')]]),
      units: new Int32Array(rounds),
      unitCount: 1,
    },
    { sessions: column('trajectory'), steps: column('t'), discount, states: column('state') },
  );
  const policy = { kind: 'distribution', actionCount: K, probabilities: wide('pi_e_') } as const;
  return { log, policy, q: wide(discount === 1 ? 'q_g100_' : 'q_g95_') };
}

function golds(name: string): SessionView & { readonly values: RowValues } {
  const { log, policy, q } = inputs(name);
  const view = viewOf(log, policy, { actionValues: q });
  if (isTrouble(view.values)) throw new Error(view.values.reason);
  return { ...view, values: view.values };
}

function expectClose(found: number, expected: number, relative = 1e-9): void {
  expect(Math.abs(found - expected)).toBeLessThanOrEqual(relative * Math.abs(expected));
}

describe.skipIf(folder === null)('numbers of SCOPE-RL 0.2.1 (needs ../shared/golden/scope-rl)', () => {
  beforeAll(() => {
    table = readTable(join(folder ?? '', 'trajectories.csv.gz'));
  });

  describe.each(Object.entries(golden.cases))('%s', (name, { estimates }) => {
    const reported = (): Estimate[] => {
      const { log, policy, q } = inputs(name);
      const report = evaluateSequentialLog(log, policy, {
        ...quick,
        resamples: 5_000,
        estimators: Object.values(names),
        valueTables: new Map([['reward', { actionValues: q }]]),
        limits: noLimits,
      });
      return report.estimates.map((e) => {
        if (isRefusal(e)) throw new Error(e.refusal.reason);
        return e;
      });
    };
    let found: Estimate[] = [];
    beforeAll(() => {
      found = reported();
    });
    const of = (id: Name): Estimate => found[Object.keys(names).indexOf(id)];

    it.each(Object.keys(names) as Name[])('has the value of %s to 1e-9', (id) => {
      expectClose(of(id).value, estimates[id].value);
    });

    it.each(means)('has the standard deviation and the first sessions of %s', (id) => {
      const n = golds(name).log.sessionCount;
      expectClose(of(id).standardError * Math.sqrt(n), estimates[id].trajectory_std_ddof1);
      const view = golds(name);
      estimates[id].first_5_trajectory_values.forEach((value, j) => {
        const { starts } = view.log;
        // One session as a log of its own: the value of a mean is the session's.
        const alone = {
          ...view.log,
          starts: Int32Array.from([starts[j], starts[j + 1]]),
          sessionCount: 1,
          unitCount: j + 1,
        };
        expectClose(valueOf(names[id], { ...view, log: alone, shared: new Map() }), value);
      });
    });

    it.each(means)('has bootstrap endpoints of %s within 10 %% of the width', (id) => {
      const theirs = estimates[id].intervals_95['bootstrap'];
      const [lower, upper] = [theirs['95.0% CI (lower)'], theirs['95.0% CI (upper)']];
      const [ours] = of(id).intervals;
      expect(ours.method).toBe('bootstrap-percentile');
      expect(Math.abs(ours.lower - lower)).toBeLessThan(0.1 * (upper - lower));
      expect(Math.abs(ours.upper - upper)).toBeLessThan(0.1 * (upper - lower));
    });

    it.each(['sntis', 'snpdis'] as const)(
      'has another interval of %s: theirs keeps the denominator of the whole sample in every resample',
      (id) => {
        // Ours recomputes the ratio. Its delta method agrees with its bootstrap, so the difference is the definition.
        const [bootstrap, normal] = of(id).intervals;
        const width = bootstrap.upper - bootstrap.lower;
        expect(Math.abs(width / (normal.upper - normal.lower) - 1)).toBeLessThan(0.1);
        const theirs = estimates[id].intervals_95['bootstrap'];
        const wrong = theirs['95.0% CI (upper)'] - theirs['95.0% CI (lower)'];
        expect(Math.abs(width / wrong - 1)).toBeGreaterThan(0.02);
      },
    );

    it.each(means)(
      'their 95 %% t-interval of %s is one of 90 %%; the right one has ±1.9647 standard errors',
      (id) => {
        // t(0.975, 499) = 1.964729, t(0.95, 499) = 1.647913.
        const { corrected, ...theirs } = estimates[id].intervals_95['ttest'];
        const error = of(id).standardError;
        expect((corrected[1] - corrected[0]) / 2 / error).toBeCloseTo(1.964729, 5);
        expect((theirs['95.0% CI (upper)'] - theirs['95.0% CI (lower)']) / 2 / error).toBeCloseTo(
          1.647913,
          5,
        );
      },
    );

    it('their Hoeffding interval grows with the number of sessions: it multiplies by n where it must divide', () => {
      const n = golds(name).log.sessionCount;
      const hoeffding = estimates['tis'].intervals_95['hoeffding'];
      const half = hoeffding['95.0% CI (upper)'] - estimates['tis'].value;
      const [lower, upper] = (hoeffding as unknown as Record<string, [number, number]>)[
        'corrected(range=max, as documented)'
      ];
      // sqrt(L/2 · n) in place of sqrt(L/(2n)): off by a factor of exactly n.
      expectClose(half / ((upper - lower) / 2), n, 1e-6);
    });

    describe.each([0, 1, 2, 5])('marginal ratios, looking back %s steps', (lookback) => {
      const weightsOf = (view: SessionView, kind: 'sm' | 'sam'): Float64Array => {
        const ratios = Float64Array.from(column('rho_sa'), (value, row) =>
          kind === 'sam'
            ? value
            : // The state's ratio needs the factor of the action at that step too.
              (column('rho_s')[row] * column(`pi_e_${column('action')[row]}`)[row]) / column('pscore')[row],
        );
        return spectrumLogWeights(view.log, view.policy, ratios, lookback);
      };
      const forms = {
        is: (view: SessionView, w: Float64Array) =>
          ratioReduction(weightedRewardSums(view, w), sessionCounts(view)),
        snis: (view: SessionView, w: Float64Array) => selfNormalisedSteps(view, 'marginal', w),
        dr: (view: SessionView, w: Float64Array) =>
          ratioReduction(doublyRobustSums(view, w, view.values as RowValues), sessionCounts(view)),
        sndr: (view: SessionView, w: Float64Array) =>
          wdrReduction(view, 'marginal', w, view.values as RowValues),
      };
      const value = (kind: 'sm' | 'sam', form: keyof typeof forms): number => {
        const view = golds(name);
        const reduction = forms[form](view, weightsOf(view, kind));
        return reduction.value(reduction.columns.map(compensatedSum));
      };

      it.each(['is', 'snis', 'dr', 'sndr'] as const)(
        'has the corrected value of sam_%s and sm_%s',
        (form) => {
          for (const kind of ['sam', 'sm'] as const) {
            const { corrected_value: corrected = NaN } = estimates[`${kind}_${form}[k=${lookback}]`];
            expectClose(value(kind, form), corrected);
          }
        },
      );

      it('differs where the library is wrong: a missing factor in sm_is, a shifted next value in the DR forms', () => {
        const theirs = (key: string): number => estimates[`${key}[k=${lookback}]`].value;
        // With k ≥ H nothing marginal is left, so nothing is missing.
        if (lookback < 5) expect(Math.abs(value('sm', 'is') - theirs('sm_is'))).toBeGreaterThan(1e-4);
        else expectClose(value('sm', 'is'), theirs('sm_is'));
        expectClose(value('sam', 'is'), theirs('sam_is'));
        // Their next values are v₁ v₂ v₃ 0 v₄ in place of v₁ v₂ v₃ v₄ 0.
        expect(Math.abs(value('sam', 'dr') - theirs('sam_dr'))).toBeGreaterThan(1e-3);
        // And their normalised state form starts from V(s₁) in place of V(s₀).
        expect(Math.abs(value('sm', 'sndr') - theirs('sm_sndr'))).toBeGreaterThan(0.4);
      });
    });

    it('estimated marginal ratios and DICE land within three standard errors of the exact truth, MAGIC within those of WDR', () => {
      const { log, policy, q } = inputs(name);
      const report = evaluateSequentialLog(log, policy, {
        ...quick,
        estimators: ['marginalised-is', 'dice', 'magic'],
        valueTables: new Map([['reward', { actionValues: q }]]),
      });
      for (const e of report.estimates) {
        if (isRefusal(e)) throw new Error(e.refusal.reason);
        // The error of the value function that MAGIC leans on is not in its own standard error.
        const error = e.estimator === 'magic' ? of('sndr').standardError : e.standardError;
        expect(Math.abs(e.value - golden.cases[name].true_policy_value)).toBeLessThan(3 * error);
        expect(e.warnings.some(({ code }) => code === 'model_error_unseen')).toBe(e.estimator === 'magic');
        expect(e.standardError).toBeLessThan(of('pdis').standardError);
      }
    });
  });
});
