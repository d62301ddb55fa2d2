import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { AllotError } from '../../core/errors.ts';
import type { SimulatedDecision } from '../../simulation/log.ts';
import type { ActionPolicy } from '../../simulation/policies.ts';

export const logFormats = ['.csv', '.jsonl', '.parquet'] as const;

/** @throws AllotError `invalid_request`: an extension that no reader of logs knows */
export function checkLogFormat(file: string): void {
  if ((logFormats as readonly string[]).includes(extname(file))) return;
  throw new AllotError('invalid_request', `--log: ${file} must end in ${logFormats.join(', ')}`);
}

/** Writes the rows, each with the evaluated policy's probabilities; answers how many. */
export async function writeLog(
  file: string,
  actions: readonly string[],
  rows: Iterable<SimulatedDecision>,
  policy: ActionPolicy,
): Promise<number> {
  checkLogFormat(file);
  if (extname(file) !== '.parquet') return await writeText(file, extname(file), actions, rows, policy);
  const folder = await mkdtemp(join(tmpdir(), 'allot-simulate-'));
  try {
    const csv = join(folder, 'log.csv');
    const count = await writeText(csv, '.csv', actions, rows, policy);
    const { csvToParquet } = await import('../../../offline/tabular/csv-to-parquet.ts');
    await csvToParquet(csv, file);
    return count;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeText(
  file: string,
  format: string,
  actions: readonly string[],
  rows: Iterable<SimulatedDecision>,
  policy: ActionPolicy,
): Promise<number> {
  const stream = createWriteStream(file);
  const done = finished(stream);
  done.catch(() => undefined);
  const write = async (line: string): Promise<void> => {
    if (!stream.write(`${line}\n`)) await Promise.race([once(stream, 'drain'), done]);
  };
  let count = 0;
  let step = 0;
  const evaluated = new Float64Array(actions.length);
  for (const row of rows) {
    policy(row.features, evaluated);
    if (!row.eligible.some((isEligible, a) => isEligible && a > 0)) evaluated.fill(0).fill(1, 0, 1);
    const cells = cellsOf(row, step, actions, evaluated);
    if (format === '.jsonl') await write(JSON.stringify(cells));
    else {
      if (count === 0) await write(Object.keys(cells).join(','));
      await write(Object.values(cells).join(','));
    }
    step = row.hasNext ? step + 1 : 0;
    count++;
  }
  stream.end();
  await done;
  return count;
}

/** The columns of a log, in order: a flat row that `allot ope` and `allot import` read. */
function cellsOf(
  row: SimulatedDecision,
  step: number,
  actions: readonly string[],
  evaluated: Float64Array,
): Record<string, string | number> {
  const indexed = (prefix: string, values: ArrayLike<number>) =>
    Object.fromEntries(Array.from(values, (value, a) => [`${prefix}${a}`, value]));
  return {
    decision_id: row.decisionId,
    unit: row.unitId,
    session: row.sessionId,
    step,
    terminal: row.done ? 1 : 0,
    decided_at: new Date(row.decidedAt).toISOString(),
    action: row.action,
    action_name: actions[row.action],
    propensity: row.propensity,
    ...indexed('mu_', row.probabilities),
    ...indexed('pi_', evaluated),
    is_eligible: row.eligible[1] ? 1 : 0,
    is_complete: row.isComplete ? 1 : 0,
    ...(row.features as Readonly<Record<string, string | number>>),
    ...row.responses,
  };
}
