import { violation } from '../../core/check.ts';
import type { Violation } from '../../core/errors.ts';
import { SESSION_CLOSED, type Surface } from '../../core/surface/surface.ts';

/** The type must feed a response of the surface and the value must lie in the range of every response it feeds. */
export function brokenInteractionRules(
  surface: Surface,
  sent: { readonly type: string; readonly value?: number | undefined },
  field: string,
): Violation[] {
  if (sent.type === SESSION_CLOSED) return [];
  const fed = surface.responses.filter(({ interaction }) => interaction === sent.type);
  if (fed.length === 0) {
    const known = [...new Set(surface.responses.map(({ interaction }) => interaction)), SESSION_CLOSED];
    return [violation(`${field}type`, `must be one of ${known.join(', ')}`, sent.type)];
  }
  const { value } = sent;
  if (value === undefined) return [violation(`${field}value`, 'is required')];
  // `any` only asks whether the event happened, so its range says nothing about the event's value.
  const ranged = fed.some(({ aggregate }) => aggregate !== 'any')
    ? fed.filter((r) => r.aggregate !== 'any')
    : fed;
  return ranged
    .filter(({ min, max }) => value < min || value > max)
    .map(({ name, min, max }) =>
      violation(
        `${field}value`,
        `must be within [${String(min)}, ${String(max)}], the range of ${name}`,
        value,
      ),
    );
}
