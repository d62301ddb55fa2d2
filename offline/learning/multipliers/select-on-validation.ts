import { differenceBounds, responseBounds, type EvidenceInput } from '../../../src/core/ope/gate-evidence.ts';
import { mainResponseOf, type ResponseSpec, type Surface } from '../../../src/core/surface/surface.ts';
import { constraintEvidence } from '../../evaluation/constraint-evidence.ts';
import { fitRewardModels } from '../../evaluation/reward-models.ts';
import { selectRows } from '../../evaluation/select-rows.ts';
import { toBanditLog } from '../../evaluation/to-bandit-log.ts';
import { actorProbabilities } from '../actor-critic/actor.ts';
import { mapRows } from '../data/training-data.ts';
import type { Network } from '../networks/network.ts';
import type { TrainingContext } from '../run/learner.ts';
import { servedRows } from './served-rows.ts';

export interface SelectionOptions {
  /** Two-sided level of the bootstrap interval whose ends are the bounds. */
  readonly level: number;
  /** δ: what an auxiliary may lose against the log's own mean, as a share of it. */
  readonly slack: number;
  readonly resamples: number;
  /** Auxiliary and derived responses that are better low; a cost always is. */
  readonly minimise: readonly string[];
}

/** One gate of one candidate: holds when `bound` is on the good side of `threshold`. */
export interface SelectionGate {
  readonly name: string;
  /** null: no bound could be given. */
  readonly bound: number | null;
  readonly threshold: number;
  readonly holds: boolean;
  /** How far on the wrong side, relative to the size of what is guarded; 0 where the gate holds. */
  readonly violation: number;
}

export interface Judgement {
  /** Lower bound of the main response; null: unknown, and the candidate comes last. */
  readonly mainLower: number | null;
  readonly gates: readonly SelectionGate[];
  readonly isFeasible: boolean;
  readonly violation: number;
}

/** What an unknown bound counts as: worse than any known one that is of the guarded size. */
const unknownViolation = 100;

/**
 * Judges actors on the *validation* rows, by the bounds that the gate itself uses (its estimator, bootstrap by unit), of
 * π^served. Gates: every declared constraint holds by its bound; every other auxiliary has
 * LCB(V_i(π) − V_i(μ)) ≥ −δ |V_i(μ)|, a response that is better low UCB(…) ≤ δ |V_i(μ)|. Test rows are never read.
 */
export function validationJudge(
  context: TrainingContext,
  options: SelectionOptions,
): (actor: Network) => Judgement {
  const { dataset, surface, split, data } = context;
  const rows = split.validation.filter((row) => dataset.isComplete[row] === 1);
  const kept = new Set(rows);
  const held = selectRows(dataset, (row) => kept.has(row));
  const log = toBanditLog(held);
  const { estimator } = surface.gate;
  const models = estimator === 'dr' && held.rows > 0 ? fitRewardModels(held) : undefined;
  return (actor) => {
    const own = mapRows(data, rows, (states) => actorProbabilities(actor, states));
    const probabilities = servedRows(surface, dataset, rows, own);
    const evidence: EvidenceInput = {
      log,
      candidate: { kind: 'distribution', actionCount: surface.actions.length, probabilities },
      estimator,
      options: {
        level: options.level,
        resamples: options.resamples,
        // The same resamples for every candidate: their differences then carry less noise.
        seed: 1,
        ...(models === undefined ? {} : { rewardModels: models }),
      },
    };
    return judge(surface, evidence, options);
  };
}

function judge(surface: Surface, evidence: EvidenceInput, options: SelectionOptions): Judgement {
  const main = mainResponseOf(surface);
  const bounds = main === undefined ? { unknown: 'no main response' } : responseBounds(evidence, main);
  const constrained = new Set(
    surface.constraints.map(({ on }) => (on === 'share-of-actions' ? on : on.response)),
  );
  const gates = [
    ...constraintGates(surface, evidence),
    ...surface.responses
      .filter(({ role, name }) => role !== 'main' && !constrained.has(name))
      .map((response) => auxiliaryGate(evidence, response, options)),
  ];
  return {
    mainLower: 'unknown' in bounds ? null : bounds.lower,
    gates,
    isFeasible: !('unknown' in bounds) && gates.every(({ holds }) => holds),
    violation: gates.reduce((sum, gate) => sum + gate.violation, 0),
  };
}

function constraintGates(surface: Surface, evidence: EvidenceInput): SelectionGate[] {
  return constraintEvidence(surface, evidence).map(({ name, direction, threshold, bounds, state }) => {
    if (bounds === null) return { name, bound: null, threshold, holds: false, violation: unknownViolation };
    const bound = direction === 'at-most' ? bounds.upper : bounds.lower;
    const excess = direction === 'at-most' ? bound - threshold : threshold - bound;
    const holds = state === 'satisfied';
    return { name, bound, threshold, holds, violation: holds ? 0 : excess / sizeOf(threshold) };
  });
}

function auxiliaryGate(
  evidence: EvidenceInput,
  response: ResponseSpec,
  { slack, minimise }: SelectionOptions,
): SelectionGate {
  const { name, role } = response;
  const isLow = role === 'cost' || minimise.includes(name);
  const logged = evidence.log.responses.get(name) ?? new Float64Array(0);
  const mean = logged.reduce((sum, r) => sum + r, 0) / Math.max(1, logged.length);
  const threshold = (isLow ? 1 : -1) * slack * Math.abs(mean);
  const bounds = differenceBounds(evidence, 'behavior', response);
  if ('unknown' in bounds) return { name, bound: null, threshold, holds: false, violation: unknownViolation };
  const bound = isLow ? bounds.upper : bounds.lower;
  const excess = isLow ? bound - threshold : threshold - bound;
  return { name, bound, threshold, holds: excess <= 0, violation: Math.max(0, excess) / sizeOf(mean) };
}

const sizeOf = (x: number): number => Math.max(Math.abs(x), 1e-6);

/** The feasible candidate with the largest lower bound of the main response; with none, the one of least violation. */
export function chooseCandidate(judgements: readonly Judgement[]): number {
  const better = (a: Judgement, b: Judgement): boolean => {
    if (a.isFeasible !== b.isFeasible) return a.isFeasible;
    if (!a.isFeasible) return rank(a) < rank(b);
    return (a.mainLower ?? -Infinity) > (b.mainLower ?? -Infinity);
  };
  return judgements.reduce((best, judgement, i) => (better(judgement, judgements[best]) ? i : best), 0);
}

const rank = ({ violation, mainLower }: Judgement): number =>
  violation + (mainLower === null ? unknownViolation : 0);

/** The sweep as flat metrics: `sweep:<setting>:<what>`; a bound that could not be given is left out. */
export function sweepMetrics(
  settings: readonly number[],
  judgements: readonly Judgement[],
): Record<string, number> {
  const entries = judgements.flatMap(({ mainLower, gates, isFeasible, violation }, i) => {
    const prefix = `sweep:${settings[i]}`;
    return [
      ...(mainLower === null ? [] : [[`${prefix}:mainLower`, mainLower] as const]),
      [`${prefix}:isFeasible`, Number(isFeasible)] as const,
      [`${prefix}:violation`, violation] as const,
      ...gates.flatMap(({ name, bound, threshold, holds }) => [
        ...(bound === null ? [] : [[`${prefix}:${name}:bound`, bound] as const]),
        [`${prefix}:${name}:threshold`, threshold] as const,
        [`${prefix}:${name}:holds`, Number(holds)] as const,
      ]),
    ];
  });
  return Object.fromEntries(entries);
}
