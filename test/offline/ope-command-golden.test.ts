import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRefusal } from '../../src/core/ope/report.ts';
import { sharedFolder } from '../support/shared.ts';
import { allotHere, resultOf } from './ope-command-runner.ts';

const obp = sharedFolder('golden/obp-synthetic');
const scope = sharedFolder('golden/scope-rl');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'allot-golden-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const lines = (file: string): string[] => gunzipSync(readFileSync(file)).toString().trimEnd().split('\n');

/** Values by estimator, as the command prints them. */
async function valuesOf(...args: string[]): Promise<ReadonlyMap<string, number>> {
  const answer = await allotHere(...args, '--resamples', '1', '--json');
  expect(answer.err).toBe('');
  return new Map(
    resultOf(answer).estimates.map((e) => {
      if (isRefusal(e)) throw new Error(e.refusal.reason);
      return [e.estimator, e.value];
    }),
  );
}

function expectClose(found: number | undefined, expected: number): void {
  expect(Math.abs((found ?? NaN) - expected)).toBeLessThanOrEqual(1e-9 * Math.abs(expected));
}

describe.skipIf(obp === null)(
  'OBP’s numbers through the command (needs ../shared/golden/obp-synthetic)',
  () => {
    type Block = Readonly<Record<string, { readonly value: number }>>;
    let log = '';
    let golden: Readonly<Record<string, Readonly<Record<string, Block>>>> = {};
    beforeAll(() => {
      const at = (name: string): string => join(obp ?? '', name);
      const models = lines(at('q_hat.csv.gz'));
      log = join(folder, 'obp.csv');
      writeFileSync(
        log,
        lines(at('rounds.csv.gz'))
          .map((row, i) => `${row},${models[i]}`)
          .join('\n'),
      );
      golden = (JSON.parse(readFileSync(at('golden.json'), 'utf8')) as { policies: typeof golden }).policies;
    });

    it.each([
      ['soft', '10', '100', '0.1'],
      ['sharp', '5', '10', '0.5'],
    ])('%s: sndr, switch-dr at %s, dros at %s, sg-dr at %s', async (policy, threshold, dros, sg) => {
      const values = await valuesOf(
        ...[log, '--action', 'action', '--reward', 'reward', '--propensity', 'pscore'],
        ...['--evaluation-distribution', `pi_${policy}_`, '--reward-model', 'q_'],
        ...['--estimators', 'ips,dr,sndr,switch-dr,dros,sg-dr'],
        ...['--switch-threshold', threshold, '--dros-lambda', dros, '--sg-lambda', sg],
      );
      const block = golden[policy]['with_q_hat'];
      for (const id of ['ips', 'dr', 'sndr']) expectClose(values.get(id), block[id].value);
      expectClose(values.get('switch-dr'), block[`switch_dr[lambda=${threshold}]`].value);
      expectClose(values.get('dros'), block[`dros[lambda=${dros}]`].value);
      expectClose(values.get('sg-dr'), block[`sg_dr[lambda=${sg}]`].value);
    });
  },
);

describe.skipIf(scope === null)(
  'SCOPE-RL’s numbers through the command (needs ../shared/golden/scope-rl)',
  () => {
    const names = {
      tis: 'tis',
      pdis: 'pdis',
      sntis: 'sntis',
      snpdis: 'snpdis',
      dr: 'sequential-dr',
      sndr: 'wdr',
      dm: 'fqe',
    };

    it.each([
      ['1.0', 'q_g100_'],
      ['0.95', 'q_g95_'],
    ])('discount %s: importance sampling, doubly robust, fitted Q', async (discount, prefix) => {
      const { cases } = JSON.parse(readFileSync(join(scope ?? '', 'golden.json'), 'utf8')) as {
        cases: Record<string, { estimates: Record<string, { value: number }> }>;
      };
      const values = await valuesOf(
        ...[join(scope ?? '', 'trajectories.csv.gz'), '--action', 'action', '--reward', 'reward'],
        ...['--propensity', 'pscore', '--evaluation-distribution', 'pi_e_', '--session', 'trajectory'],
        ...['--step', 't', '--discount', discount, '--action-value', prefix],
        ...['--estimators', Object.values(names).join()],
      );
      const { estimates } = cases[`gamma=${discount}`];
      for (const [theirs, ours] of Object.entries(names))
        expectClose(values.get(ours), estimates[theirs].value);
    });
  },
);
