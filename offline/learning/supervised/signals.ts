import { AllotError } from '../../../src/core/errors.ts';
import type { ResponseSpec, Surface } from '../../../src/core/surface/surface.ts';
import type { Dataset } from '../../dataset/dataset.ts';

/** A response by name, or the difference of two (all watch time minus that of streams is that of short videos). */
export type Signal = string | { readonly total: string; readonly minus: string };

export function signalValues(dataset: Dataset, signal: Signal): Float64Array {
  if (typeof signal === 'string') return columnOf(dataset, signal);
  const minus = columnOf(dataset, signal.minus);
  return columnOf(dataset, signal.total).map((value, i) => value - minus[i]);
}

function columnOf(dataset: Dataset, response: string): Float64Array {
  const column = dataset.responses.get(response);
  if (column === undefined)
    throw new AllotError('config_invalid', `the surface has no response named ${response}`);
  return column;
}

const isTime = ({ name, unit, aggregate }: ResponseSpec): boolean =>
  aggregate !== 'any' && (/^(s|ms|min|seconds?)$/.test(unit) || /watch|second|duration|time/i.test(name));

/** Time in what was allocated: a time response with "live" in its name; null: the surface has none. */
export const liveTimeOf = (surface: Surface): string | null =>
  surface.responses.find((r) => /live/i.test(r.name) && isTime(r))?.name ?? null;

/**
 * Time in the rest of the feed: a time response with "short" in its name; else the main response without the live
 * time, where the main response is a time in the same unit and never below the live time on a complete row.
 */
export function shortTimeOf(surface: Surface, dataset: Dataset): Signal | null {
  const named = surface.responses.find((r) => /short/i.test(r.name) && isTime(r));
  if (named !== undefined) return named.name;
  const live = surface.responses.find((r) => r.name === liveTimeOf(surface));
  const main = surface.responses.find((r) => r.role === 'main');
  if (live === undefined || main === undefined || main === live) return null;
  if (!isTime(main) || main.unit !== live.unit) return null;
  const difference = signalValues(dataset, { total: main.name, minus: live.name });
  const isTotal = difference.every((value, i) => dataset.isComplete[i] === 0 || value >= -1e-6);
  return isTotal ? { total: main.name, minus: live.name } : null;
}

export const longViewOf = (surface: Surface): string | null =>
  surface.responses.find((r) => /long.?view/i.test(r.name))?.name ?? null;

/** Likes, follows, comments …: every auxiliary response that either happened or not. */
export const interactionsOf = (surface: Surface): string[] =>
  surface.responses
    .filter(
      (r) => r.role === 'auxiliary' && r.aggregate === 'any' && !/long.?view|session|return/i.test(r.name),
    )
    .map((r) => r.name);

export const sessionEndOf = (surface: Surface): string | null =>
  surface.responses.find((r) => r.aggregate === 'any' && /session.?end|leave|exit/i.test(r.name))?.name ??
  null;
