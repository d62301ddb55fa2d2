import type { BanditLog, BehaviorVersions, EvaluationPolicy } from './bandit-log.ts';
import type { OpeOptions } from './ope-options.ts';

export interface LogPart {
  readonly log: BanditLog;
  readonly policy: EvaluationPolicy;
  readonly options: OpeOptions;
}

/** Some rows of a log with everything that belongs to them; units are numbered anew, rows keep their names. */
export function selectLogRows(
  log: BanditLog,
  policy: EvaluationPolicy,
  options: OpeOptions,
  rows: Int32Array,
): LogPart {
  const wide = (values: Float64Array): Float64Array => rowsOf(values, log.rounds, rows);
  const models = (all: ReadonlyMap<string, Float64Array> | undefined) =>
    new Map([...(all ?? [])].map(([name, values]) => [name, wide(values)]));
  const locate = options.locate ?? ((row: number) => `row ${row}`);
  const { behaviorVersions, behaviorProbabilities, isForced } = log;
  return {
    log: {
      rounds: rows.length,
      actions: rows.map((i) => log.actions[i]),
      propensities: wide(log.propensities),
      responses: models(log.responses),
      ...renumbered(log.units, log.unitCount, rows),
      ...(isForced === undefined ? {} : { isForced: Uint8Array.from(rows, (i) => isForced[i]) }),
      ...(behaviorProbabilities === undefined ? {} : { behaviorProbabilities: wide(behaviorProbabilities) }),
      ...(behaviorVersions === undefined
        ? {}
        : { behaviorVersions: versionsOf(behaviorVersions, rows, wide) }),
    },
    policy: { ...policy, probabilities: wide(policy.probabilities) },
    options: {
      ...options,
      rewardModels: models(options.rewardModels),
      mrdrModels: models(options.mrdrModels),
      locate: (row) => locate(rows[row]),
    },
  };
}

function versionsOf(
  { names, index, probabilities }: BehaviorVersions,
  rows: Int32Array,
  wide: (values: Float64Array) => Float64Array,
): BehaviorVersions {
  return {
    names,
    index: rows.map((i) => index[i]),
    ...(probabilities === undefined ? {} : { probabilities: wide(probabilities) }),
  };
}

function rowsOf(values: Float64Array, rounds: number, rows: Int32Array): Float64Array {
  const width = rounds === 0 ? 0 : values.length / rounds;
  const selected = new Float64Array(rows.length * width);
  rows.forEach((i, at) => selected.set(values.subarray(i * width, (i + 1) * width), at * width));
  return selected;
}

function renumbered(
  units: Int32Array,
  unitCount: number,
  rows: Int32Array,
): { units: Int32Array; unitCount: number } {
  const numbers = new Int32Array(unitCount).fill(-1);
  let next = 0;
  const selected = rows.map((i) => {
    if (numbers[units[i]] < 0) numbers[units[i]] = next++;
    return numbers[units[i]];
  });
  return { units: selected, unitCount: next };
}
