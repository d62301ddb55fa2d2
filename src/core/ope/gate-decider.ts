import type { ResponseSpec } from '../surface/surface.ts';
import type { Opponent } from './difference.ts';
import { differenceBounds, responseBounds, type Bounds, type EvidenceInput } from './gate-evidence.ts';
import type { GateLine } from './gate-verdict.ts';
import { defaultLimits } from './limits.ts';
import type { Estimand, Warning } from './report.ts';
import { marginEvidence, rateBounds, type SessionEvidence } from './session-evidence.ts';
import { ratioHealth, ratioWeaknesses, sessionHealthLine } from './session-health.ts';
import { shortNumber, type Trouble } from './trouble.ts';

/** A difference to the champion against what it may lose, in one unit. */
export interface MarginFound {
  readonly bounds: Bounds;
  readonly margin: number;
  /** Said after the reason. */
  readonly note: string;
}

/** How the gate finds bounds, under one estimand. */
export interface Decider {
  readonly estimand: Estimand;
  /** @param margin in the response's unit per decision */
  readonly difference: (response: ResponseSpec, margin: number) => MarginFound;
  /** Of a response per decision. */
  readonly rate: (response: ResponseSpec) => Bounds;
  /** What else must not be weak. */
  readonly health: readonly GateLine[];
}

/** The mean of a decision in the states of the log. */
export const decideByDecision = (evidence: EvidenceInput, champion: Opponent): Decider => ({
  estimand: 'per-decision',
  difference: (response, margin) => ({
    bounds: differenceBounds(evidence, champion, response),
    margin,
    note: '',
  }),
  rate: (response) => responseBounds(evidence, response),
  health: [],
});

/**
 * Totals of whole sessions, with the states and the length that the candidate itself brings about.
 *
 * @param weakRows what is weak about the weights of single rows: then nothing is proven here either
 */
export function decideBySession(
  evidence: SessionEvidence,
  minEffectiveUnits: number,
  weakRows: readonly Warning[],
): Decider {
  const { log, candidate, champion, options } = evidence;
  const limits = { minEffectiveUnits, maxUnitShare: { ...defaultLimits, ...options.limits }.maxUnitShare };
  const sides = [candidate, ...(champion === 'behavior' ? [] : [champion])];
  const health = sides.map((side) => ratioHealth(log, side));
  const lines = health.map((one, i) => {
    const line = sessionHealthLine(one, limits, log.unitCount);
    return i === 0 ? line : { ...line, name: `${line.name} (champion)` };
  });
  const weak = [...weakRows, ...health.flatMap((one) => ratioWeaknesses(one, limits, log.unitCount))];
  const weakened = (bounds: Bounds): Bounds =>
    'unknown' in bounds ? bounds : { ...bounds, weaknesses: [...bounds.weaknesses, ...weak] };
  return {
    estimand: 'per-session',
    difference: (response, margin) => {
      const found = marginEvidence(evidence, response.name, margin);
      if (typeof found === 'string') return { bounds: { unknown: found }, margin, note: '' };
      const decisions = shortNumber(found.margin / margin);
      return {
        bounds: weakened(found.bounds),
        margin: found.margin,
        note: ` (total of a session; the margin is ${shortNumber(margin)} for each of ${decisions} decisions)`,
      };
    },
    rate: (response) => weakened(rateBounds(evidence, response)),
    health: lines,
  };
}

/** Sessions were asked for and cannot be valued: every line stays undecided, with the reason. */
export function decideNothing({ code, reason, needed }: Trouble): Decider {
  const unknown = `${code}: ${reason}; needed: ${needed}`;
  return {
    estimand: 'per-session',
    difference: (_, margin) => ({ bounds: { unknown }, margin, note: '' }),
    rate: () => ({ unknown }),
    health: [],
  };
}
