import type { Opponent } from '../../src/core/ope/difference.ts';
import type { GateInput } from '../../src/core/ope/gate.ts';
import {
  marginEvidence,
  sessionValue,
  type SessionEvidence,
  type SessionFigure,
} from '../../src/core/ope/session-evidence.ts';
import { shownNumber } from '../../src/core/ope/estimator.ts';
import type { HyperParameter, SessionGateEstimatorId } from '../../src/core/ope/report.ts';
import { ratioHealth, ratioWeaknesses, type RatioHealth } from '../../src/core/ope/session-health.ts';
import { isTrouble } from '../../src/core/ope/sequential/sequential-estimator.ts';
import type { Trouble } from '../../src/core/ope/trouble.ts';
import { gateEstimandOf, type Surface } from '../../src/core/surface/surface.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { fitSessionSide } from './session-side.ts';
import { toSequentialLog } from './to-sequential-log.ts';

/** One response by totals of whole sessions: what a gate per session decides by. */
export interface SessionComparison {
  readonly response: string;
  /** Total of a session. */
  readonly candidate: SessionFigure;
  readonly champion: SessionFigure;
  readonly difference: SessionFigure;
  /** Difference of means per decision, each in the policy's own states: what an experiment measures per decision. */
  readonly perDecision: SessionFigure;
}

export interface SessionEvaluation {
  readonly estimator: SessionGateEstimatorId;
  readonly sessions: number;
  /** Steps up to which ratios are products of weights; beyond, they are fitted. null: refused. */
  readonly lookback: HyperParameter | null;
  /** null: refused. */
  readonly health: RatioHealth | null;
  /** Why its figures prove nothing, for the gate. */
  readonly weaknesses: readonly string[];
  readonly refusal: Trouble | null;
  readonly responses: readonly SessionComparison[];
}

/**
 * The rows as sessions, with ratios and values of both policies; undefined where the surface is judged per decision.
 *
 * @param candidate π^served, n × K
 */
export function sessionSides(
  rows: Dataset,
  surface: Surface,
  candidate: Float64Array,
  champion: Opponent,
): GateInput['sessions'] {
  if (gateEstimandOf(surface) === 'per-decision') return undefined;
  if (rows.rows === 0) return noRows;
  const mine = fitSessionSide(rows, candidate);
  if (isTrouble(mine)) return mine;
  const theirs = champion === 'behavior' ? champion : fitSessionSide(rows, champion.probabilities);
  if (theirs !== 'behavior' && isTrouble(theirs)) return theirs;
  return { log: toSequentialLog(rows, 1), candidate: mine, champion: theirs };
}

/** Every response of both policies, for reading; the gate decides from the same sides. */
export function evaluateSessions(
  sides: GateInput['sessions'],
  { gate }: Surface,
  options: SessionEvidence['options'] & { readonly maxUnitShare: number },
): SessionEvaluation | null {
  if (sides === undefined) return null;
  const head = { estimator: 'marginal-dr' } as const;
  if ('needed' in sides)
    return {
      ...head,
      sessions: 0,
      lookback: null,
      health: null,
      weaknesses: [],
      refusal: sides,
      responses: [],
    };
  const { log, candidate } = sides;
  const evidence = { ...sides, options };
  const health = ratioHealth(log, candidate);
  const limits = { minEffectiveUnits: gate.minEffectiveUnits, maxUnitShare: options.maxUnitShare };
  return {
    ...head,
    sessions: log.sessionCount,
    lookback: shownNumber(candidate.lookback),
    health,
    weaknesses: ratioWeaknesses(health, limits, log.unitCount).map(
      ({ code, reason }) => `${code}: ${reason}`,
    ),
    refusal: null,
    responses: [...log.responses.keys()].flatMap((response) => comparisonOf(evidence, response)),
  };
}

function comparisonOf(evidence: SessionEvidence, response: string): SessionComparison[] {
  const candidate = sessionValue(evidence, evidence.candidate, response);
  const champion = sessionValue(evidence, evidence.champion, response);
  const found = marginEvidence(evidence, response, 0);
  if (typeof candidate === 'string' || typeof champion === 'string' || typeof found === 'string') return [];
  const { difference, perDecision } = found;
  return [{ response, candidate, champion, difference, perDecision }];
}

const noRows: Trouble = {
  code: 'no_support',
  reason: 'no row is left to value sessions from',
  needed: 'sessions of units that training never saw',
};
