import type { GroupReport } from '../../src/core/ope/by-group.ts';
import {
  isRefusal,
  type Estimate,
  type EstimateRefusal,
  type HealthRecord,
  type OpeReport,
} from '../../src/core/ope/report.ts';
import { isWeakness } from '../../src/core/ope/trouble.ts';

export type Result = Estimate | EstimateRefusal;

/** Estimates of one population with its health: the whole log, or a group of it. */
export interface PopulationView {
  readonly log: { readonly rounds: number; readonly units: number };
  readonly health: HealthRecord;
  readonly estimates: readonly Result[];
}

export interface GroupView extends PopulationView {
  readonly grouping: string;
  readonly label: string;
}

/** A number that is known, with its standard error. */
export interface KnownValue {
  readonly response: string;
  readonly value: number;
  readonly standardError: number;
}

export const groupViews = (groups: readonly GroupReport[]): GroupView[] =>
  groups.map(({ grouping, label, report }) => ({ grouping, label, ...report }));

export const responsesOf = ({ estimates }: Pick<OpeReport, 'estimates'>): string[] => [
  ...new Set(estimates.map(({ response }) => response)),
];

export const answersTo = (results: readonly Result[], response: string): Estimate[] =>
  results.filter((result): result is Estimate => !isRefusal(result) && result.response === response);

export const isWeak = (estimate: Estimate): boolean => estimate.warnings.some(isWeakness);

export const knownOf = (
  known: readonly KnownValue[] | null | undefined,
  response: string,
): KnownValue | undefined => known?.find((value) => value.response === response);

const PREFERENCE = ['dr', 'snips', 'ips', 'snpdis', 'wdr', 'pdis'];

/**
 * The estimate that a sentence quotes: the one named, else the first of a fixed order that others do not contradict; the
 * direct method and fitted Q never, because their intervals do not see the error of their model.
 */
export function headlineOf(estimates: readonly Estimate[], named?: string): Estimate | undefined {
  const disagrees = (e: Estimate): boolean => e.warnings.some(({ code }) => code === 'estimators_disagree');
  const place = (e: Estimate): number => {
    if (e.estimator === named) return -1;
    const at = PREFERENCE.indexOf(e.estimator);
    return (at < 0 ? PREFERENCE.length : at) + (disagrees(e) ? 100 : 0);
  };
  return [...estimates]
    .filter(({ estimator }) => estimator !== 'dm' && estimator !== 'fqe')
    .sort((a, b) => place(a) - place(b))[0];
}
