import { readFileSync } from 'node:fs';
import type { BanditLog, EvaluationPolicy } from '../../../src/core/ope/bandit-log.ts';
import {
  arrangePolicy,
  arrangeRows,
  arrangeSessions,
  type SessionColumns,
} from '../../../src/core/ope/sequential/arrange-sessions.ts';
import type { SequentialLog } from '../../../src/core/ope/sequential/sequential-log.ts';

const read = (name: string): string =>
  readFileSync(new URL(`../../fixtures/ope-sequential/${name}`, import.meta.url), 'utf8');

export const expected = JSON.parse(read('small.json')) as {
  readonly discount: number;
  readonly clip: number;
  readonly values: Readonly<Record<string, number>>;
  readonly twoSided: Readonly<Record<string, number>>;
  readonly factors: Readonly<Record<string, number>>;
  readonly standardErrors: Readonly<Record<string, number>>;
  readonly health: Readonly<
    Record<'effectiveSampleSize' | 'meanWeight' | 'maxWeight' | 'maxWeightShare', number>
  >;
};

const [header, ...lines] = read('small.csv').trim().split('\n');
const names = header.split(',');
const cells = lines.map((line) => line.split(','));
const text = (name: string): string[] => cells.map((row) => row[names.indexOf(name)]);
const numbers = (name: string): Float64Array => Float64Array.from(text(name), Number);
const wide = (prefix: string): Float64Array =>
  Float64Array.from(
    cells.flatMap((row) => [0, 1, 2].map((a) => Number(row[names.indexOf(`${prefix}${a}`)]))),
  );

/** The rows as they stand in the file, shuffled. */
export const rows: BanditLog = {
  rounds: cells.length,
  actions: Int32Array.from(numbers('action')),
  propensities: numbers('propensity'),
  responses: new Map([['reward', numbers('reward')]]),
  units: Int32Array.from(text('user'), (user) => Number(user.slice(1))),
  unitCount: 8,
};

export const columns: SessionColumns = {
  sessions: text('session'),
  steps: numbers('step'),
  discount: expected.discount,
  units: { indices: rows.units, count: rows.unitCount },
  states: text('state'),
};

export function small(): { log: SequentialLog; policy: EvaluationPolicy; actionValues: Float64Array } {
  const { log, order } = arrangeSessions(rows, columns);
  return {
    log,
    policy: arrangePolicy({ kind: 'distribution', actionCount: 3, probabilities: wide('pi_') }, order),
    actionValues: arrangeRows(wide('q_'), order, 3),
  };
}
