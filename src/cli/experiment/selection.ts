import { z } from 'zod';
import { selectionMetrics, type SelectionMetrics } from '../../core/ope/selection/selection-metrics.ts';
import type { SelectionCandidate } from '../../core/ope/selection/candidate.ts';
import type { MeasuredForecast } from '../../service/ports/runs.ts';
import { parseWith } from '../../service/schemas/parse.ts';
import { percent, table } from '../output.ts';

/** Candidates of one question, what the behaviour policy is worth, and below what a candidate counts as unsafe. */
export interface SelectionQuestion {
  readonly of: string;
  readonly behavior: number;
  readonly threshold: number;
  readonly candidates: readonly SelectionCandidate[];
}

export interface SelectionAnswer extends SelectionMetrics {
  readonly of: string;
  readonly behavior: number;
  readonly threshold: number;
}

const fileSchema = z.strictObject({
  of: z.string().min(1).max(200).default('candidates'),
  behavior: z.number(),
  threshold: z.number().optional(),
  candidates: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(200),
        estimate: z.number().nullable(),
        bound: z.number().nullable().optional(),
        truth: z.number(),
      }),
    )
    .min(1)
    .max(10_000),
});

/** A file of candidates whose truth is known, as a simulator gives it. */
export function questionOf(file: unknown): SelectionQuestion {
  const { of, behavior, threshold = behavior, candidates } = parseWith(fileSchema, file);
  const withBounds = candidates.map(({ bound, ...one }) => (bound === undefined ? one : { ...one, bound }));
  return { of, behavior, threshold, candidates: withBounds };
}

/**
 * Served versions, forecast and then measured: one question per surface, response and estimand. Both values are differences
 * to control, so the behaviour policy is worth 0; a version counts as judged safe by the lower end of its forecast.
 */
export function questionsOf(forecasts: readonly MeasuredForecast[]): readonly SelectionQuestion[] {
  const byQuestion = new Map<string, SelectionCandidate[]>();
  for (const { surface, response, estimand, policyVersion, offline, online } of forecasts) {
    if (online === null) continue;
    const of = `${surface}, ${response}, ${estimand}`;
    const candidate = {
      name: policyVersion,
      estimate: offline.value,
      bound: offline.lower,
      truth: online.value,
    };
    byQuestion.set(of, [...(byQuestion.get(of) ?? []), candidate]);
  }
  return [...byQuestion].map(([of, candidates]) => ({ of, behavior: 0, threshold: 0, candidates }));
}

/** @param top portfolios of the 1, 2, … best by estimate, up to so many */
export function selectionAnswer({ of, ...question }: SelectionQuestion, top: number): SelectionAnswer {
  const { behavior, threshold, candidates } = question;
  const ks = Array.from({ length: Math.min(top, candidates.length) }, (_, i) => i + 1);
  return { of, behavior, threshold, ...selectionMetrics(candidates, { behavior, threshold, ks }) };
}

export function selectionText(answers: readonly SelectionAnswer[]): string {
  if (answers.length === 0) return 'no forecast has been measured yet';
  return answers.map(textOf).join('\n\n');
}

function textOf(answer: SelectionAnswer): string {
  const { of, candidates, refused, behavior, threshold, rankCorrelation, meanSquaredError } = answer;
  const rows = answer.portfolios.map((one) => [
    String(one.k),
    one.names.join(' '),
    short(one.regret),
    short(one.best),
    short(one.worst),
    short(one.sharpeRatio),
    share(one.safetyViolationRate),
  ]);
  const header = ['k', 'best by estimate', 'regret@k', 'best@k', 'worst@k', 'SharpeRatio@k', 'unsafe@k'];
  return [
    `${of}: ${String(candidates)} candidates, ${String(refused)} refused; behaviour policy ${short(behavior)}, unsafe below ${short(threshold)}`,
    `rank correlation ${short(rankCorrelation)}, mean squared error ${short(meanSquaredError)}, ` +
      `safe ones held back ${share(answer.typeIErrorRate)}, unsafe ones let through ${share(answer.typeIIErrorRate)}`,
    table(header, rows),
  ].join('\n');
}

const short = (x: number): string => (Number.isNaN(x) ? '–' : x.toPrecision(4));
const share = (x: number): string => (Number.isNaN(x) ? '–' : percent(x));
