import { clopperPearson } from '../../../src/core/ope/intervals/clopper-pearson.ts';
import { isIntervalRefusal } from '../../../src/core/ope/intervals/interval-result.ts';

const percent = (share: number): string => (100 * share).toFixed(1);

/** `4.2 % [3.0, 5.6]`: a share with its exact 95 % interval (Clopper–Pearson). */
export function sharedOf(count: number, of: number): string {
  const interval = clopperPearson(count, of, { level: 0.95 });
  if (isIntervalRefusal(interval)) return '–';
  return `${percent(count / of)} % [${percent(interval.lower)}, ${percent(interval.upper)}]`;
}
