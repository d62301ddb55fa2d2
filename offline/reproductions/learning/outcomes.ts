import type { MethodRun } from './run-method.ts';
import type { MethodResult, StudyRuns } from './run-study.ts';
import { paired, seedMean, type Paired, type SeedMean } from './statistics.ts';

/** A number of one run; undefined: this run has none (it diverged). */
export type Outcome = (run: MethodRun) => number | undefined;

export const perSession =
  (response: string): Outcome =>
  (run) =>
    run.values?.[response]?.perSession;

export const perDecision =
  (response: string): Outcome =>
  (run) =>
    run.values?.[response]?.value;

/** Largest violation of a declared constraint, as a share of its threshold. */
export const relativeViolation: Outcome = (run) =>
  run.values === undefined
    ? undefined
    : Math.max(0, ...run.constraints.map(({ violation, threshold }) => violation / Math.abs(threshold || 1)));

export function bySeed({ seeds }: MethodResult, outcome: Outcome): Map<number, number> {
  return new Map(
    seeds.flatMap((run) => {
      const value = outcome(run);
      return value === undefined ? [] : [[run.seed, value] as const];
    }),
  );
}

export const meanOf = (result: MethodResult, outcome: Outcome): SeedMean | null => {
  const values = [...bySeed(result, outcome).values()];
  return values.length === 0 ? null : seedMean(values);
};

/** First − second over the seeds that both finished; null where there are none. */
export function difference(first: MethodResult, second: MethodResult, outcome: Outcome): Paired | null {
  const result = paired(bySeed(first, outcome), bySeed(second, outcome));
  return result.seeds === 0 ? null : result;
}

export const find = ({ methods }: StudyRuns, name: string): MethodResult | undefined =>
  methods.find(({ method }) => method.name === name);

export const learned = ({ methods }: StudyRuns): MethodResult[] =>
  methods.filter(({ method }) => method.arm === 'trained');
