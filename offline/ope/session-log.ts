import type { EvaluationPolicy } from '../../src/core/ope/bandit-log.ts';
import { selectLogRows } from '../../src/core/ope/select-log-rows.ts';
import {
  arrangePolicy,
  arrangeRows,
  arrangeSessions,
} from '../../src/core/ope/sequential/arrange-sessions.ts';
import { DEFAULT_SESSION_CLIP } from '../../src/core/ope/sequential/sequential-options.ts';
import type { SequentialLog } from '../../src/core/ope/sequential/sequential-log.ts';
import type { SequentialOptions } from '../../src/core/ope/sequential/sequential-options.ts';
import type { ValueTables } from '../../src/core/ope/sequential/value-tables.ts';
import type { SequentialEstimatorId } from '../../src/core/ope/report.ts';
import type { SessionRows } from '../tabular/bandit-log-file.ts';
import type { LoadedLog } from './loaded-log.ts';
import type { OpeQuestion } from './question.ts';

/** A log in the order of its sessions, with everything that belongs to its rows. */
export interface SessionLog {
  readonly log: SequentialLog;
  readonly policy: EvaluationPolicy;
  readonly opponent: EvaluationPolicy | null;
  readonly options: SequentialOptions;
  /** The same with the opponent's value tables, where there are any. */
  readonly opponentOptions: SequentialOptions;
  /** Row i was row order[i] of the file. */
  readonly order: Int32Array;
}

/** @throws AllotError `log_unreadable`: a step twice, a gap in the steps, a session of two units */
export function sessionLog(
  loaded: LoadedLog,
  rows: SessionRows,
  question: OpeQuestion,
  ids: readonly SequentialEstimatorId[] | null,
): SessionLog {
  const { log, policy, opponent, locate } = loaded;
  const arranged = arrangeSessions(log, {
    sessions: rows.sessions,
    steps: rows.steps,
    discount: question.session.discount,
    locate,
    ...(loaded.source.hasUnits ? { units: { indices: log.units, count: log.unitCount } } : {}),
    ...(rows.terminals === undefined ? {} : { terminals: rows.terminals }),
    ...(rows.states === undefined ? {} : { states: rows.states }),
  });
  const { order } = arranged;
  const { valueTables, opponentTables } = loaded;
  const options: SequentialOptions = {
    ...settingsOf(question),
    locate: (row) => locate(order[row]),
    valueTables: arrangedTables(valueTables, order),
    ...(ids === null ? {} : { estimators: ids }),
    ...(rows.marginalRatios === undefined ? {} : { marginalRatios: arrangeRows(rows.marginalRatios, order) }),
  };
  return {
    log: arranged.log,
    order,
    policy: arrangePolicy(policy, order),
    opponent: opponent === null ? null : arrangePolicy(opponent, order),
    options,
    opponentOptions: {
      ...options,
      valueTables: arrangedTables(opponentTables.size > 0 ? opponentTables : valueTables, order),
    },
  };
}

function settingsOf({ options, session }: OpeQuestion): SequentialOptions {
  const { level, resamples, seed, clip, limits } = options;
  return {
    level,
    resamples,
    seed,
    clip: typeof clip === 'number' ? clip : DEFAULT_SESSION_CLIP,
    isTwoSided: session.isTwoSided,
    clipsFactors: session.clipsFactors,
    marginalLookback: session.marginalLookback,
    ...(session.dice === undefined ? {} : { dice: session.dice }),
    ...(limits === undefined ? {} : { limits }),
  };
}

function arrangedTables(
  tables: ReadonlyMap<string, ValueTables>,
  order: Int32Array,
): ReadonlyMap<string, ValueTables> {
  return new Map(
    [...tables].map(([response, { actionValues: q, stateValues: v }]) => [
      response,
      {
        ...(q === undefined || order.length === 0
          ? {}
          : { actionValues: arrangeRows(q, order, q.length / order.length) }),
        ...(v === undefined ? {} : { stateValues: arrangeRows(v, order) }),
      },
    ]),
  );
}

/** Some rows of a loaded log (whole sessions), with their columns; the rows keep their names. */
export function selectLoadedRows(loaded: LoadedLog, keep: Int32Array): LoadedLog {
  const { log, sessions, opponent } = loaded;
  const models = { rewardModels: loaded.rewardModels, mrdrModels: loaded.mrdrModels };
  const part = selectLogRows(log, loaded.policy, { level: 0.5, resamples: 1, seed: 0, ...models }, keep);
  const width = (values: Float64Array): number => (log.rounds === 0 ? 1 : values.length / log.rounds);
  const pick = (values: Float64Array): Float64Array => arrangeSelected(values, keep, width(values));
  return {
    ...loaded,
    log: part.log,
    policy: part.policy,
    opponent: opponent === null ? null : { ...opponent, probabilities: pick(opponent.probabilities) },
    rewardModels: part.options.rewardModels ?? new Map(),
    mrdrModels: part.options.mrdrModels ?? new Map(),
    valueTables: new Map(
      [...loaded.valueTables].map(([response, { actionValues: q, stateValues: v }]) => [
        response,
        {
          ...(q === undefined ? {} : { actionValues: pick(q) }),
          ...(v === undefined ? {} : { stateValues: pick(v) }),
        },
      ]),
    ),
    sessions: sessions === null ? null : selectedSessions(sessions, keep, pick),
    groupings: [],
    locate: (row) => loaded.locate(keep[row]),
  };
}

function selectedSessions(
  rows: SessionRows,
  keep: Int32Array,
  pick: (values: Float64Array) => Float64Array,
): SessionRows {
  const { terminals, states, marginalRatios } = rows;
  return {
    sessions: Array.from(keep, (i) => rows.sessions[i]),
    steps: pick(rows.steps),
    ...(terminals === undefined ? {} : { terminals: pick(terminals) }),
    ...(states === undefined ? {} : { states: Array.from(keep, (i) => states[i]) }),
    ...(marginalRatios === undefined ? {} : { marginalRatios: pick(marginalRatios) }),
  };
}

const arrangeSelected = (values: Float64Array, keep: Int32Array, width: number): Float64Array => {
  const selected = new Float64Array(keep.length * width);
  keep.forEach((i, at) => selected.set(values.subarray(i * width, (i + 1) * width), at * width));
  return selected;
};
