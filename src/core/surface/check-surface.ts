import type { Violation } from '../errors.ts';
import { checkFeatures } from './check-features.ts';
import { checkLimits } from './check-limits.ts';
import { checkResponses } from './check-responses.ts';
import { isName, NAME_RULE } from './names.ts';
import type { Surface } from './surface.ts';
import { Violations } from './violations.ts';

export { breakingChanges } from './breaking-changes.ts';

const MOST_ACTIONS = 1000;

/**
 * Every rule that a declaration breaks; empty when it may be served. The types are taken for granted (the schema at the
 * edge has checked them), the meaning is not: names, ranges, references, and that the exploration floor's own
 * share of allocation ε (K − 1) / K fits the pacing target and every share-of-actions constraint.
 */
export function checkSurface(surface: Surface): Violation[] {
  const found = new Violations();
  found.need(isName(surface.name), 'name', NAME_RULE, surface.name);
  const { schemaVersion } = surface;
  const isVersion = Number.isSafeInteger(schemaVersion) && schemaVersion >= 1;
  found.need(isVersion, 'schemaVersion', 'is a whole number ≥ 1', schemaVersion);
  checkActions(surface, found);
  checkFeatures(surface, found);
  checkResponses(surface, found);
  checkLimits(surface, found);
  return found.list;
}

function checkActions(surface: Surface, found: Violations): void {
  const { actions, nullAction } = surface;
  const isFitting = actions.length >= 2 && actions.length <= MOST_ACTIONS;
  found.need(isFitting, 'actions', `has 2 to ${MOST_ACTIONS} actions`, actions.length);
  found.needDistinct(actions, 'actions');
  actions.forEach((action, i) => found.need(isName(action), `actions[${i}]`, NAME_RULE, action));
  if (nullAction !== null) {
    found.need(actions[0] === nullAction, 'nullAction', 'is the first action', nullAction);
  }
}
