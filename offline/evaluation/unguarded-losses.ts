import { isRefusal } from '../../src/core/ope/report.ts';
import { shortNumber } from '../../src/core/ope/trouble.ts';
import type { ResponseSpec, Surface } from '../../src/core/surface/surface.ts';
import type { EvaluationResult } from './evaluation-result.ts';

type Evidence = Pick<EvaluationResult, 'differences' | 'sessions' | 'settings'>;

/**
 * Auxiliary and cost responses that are shown to get worse than the champion's while no margin and no constraint guards them, so
 * that no line of the gate speaks of them; a sentence each. Shown: the deciding estimator's interval of the difference leaves 0 out.
 */
export function unguardedLosses(surface: Surface, evidence: Evidence): readonly string[] {
  return surface.responses
    .filter((response) => isUnguarded(surface, response))
    .flatMap((response) => {
      const found = differenceOf(response.name, evidence);
      if (found === undefined) return [];
      const { lower, upper, per } = found;
      const isWorse = response.role === 'cost' ? lower > 0 : upper < 0;
      if (!isWorse) return [];
      const [least, most] = [Math.abs(lower), Math.abs(upper)].sort((a, b) => a - b).map(shortNumber);
      const moves = response.role === 'cost' ? 'rises' : 'falls';
      const missing = response.role === 'cost' ? 'constraint' : 'margin';
      const level = `${String(Number((100 * evidence.settings.level).toFixed(1)))} %`;
      return [
        `${response.name} ${moves} by ${least} … ${most} ${response.unit} per ${per} (${level}): ` +
          `no ${missing} declared, so it is not guarded`,
      ];
    });
}

const isUnguarded = ({ gate, constraints }: Surface, { name, role }: ResponseSpec): boolean =>
  role !== 'main' &&
  !(role === 'auxiliary' && name in gate.auxiliaryMargins) &&
  !constraints.some(({ on }) => on !== 'share-of-actions' && on.response === name);

function differenceOf(
  name: string,
  { differences, sessions, settings }: Evidence,
): { readonly lower: number; readonly upper: number; readonly per: string } | undefined {
  if (settings.decidingEstimand === 'per-session') {
    const compared = sessions?.responses.find(({ response }) => response === name);
    return compared && { ...compared.difference, per: 'session' };
  }
  for (const estimate of differences?.estimates ?? []) {
    if (isRefusal(estimate) || estimate.response !== name) continue;
    if (estimate.estimator !== settings.decidingEstimator) continue;
    const [interval] = estimate.intervals;
    if (interval !== undefined) return { lower: interval.lower, upper: interval.upper, per: 'decision' };
  }
  return undefined;
}
