import { isProbability } from '../check.ts';
import { isName, NAME_RULE } from './names.ts';
import type { CapSpec, ConstraintSpec, Surface } from './surface.ts';
import type { Violations } from './violations.ts';

/** Exploration floor, constraints, caps and pacing, and that they can hold together. */
export function checkLimits(surface: Surface, found: Violations): void {
  const epsilon = surface.explorationFloor;
  found.need(isProbability(epsilon), 'explorationFloor', 'is between 0 and 1', epsilon);
  found.needDistinct(
    surface.constraints.map((constraint) => constraint.name),
    'constraints',
  );
  surface.constraints.forEach((constraint, i) =>
    checkConstraint(surface, constraint, `constraints[${i}]`, found),
  );
  found.needDistinct(
    surface.caps.map((cap) => cap.name),
    'caps',
  );
  if (surface.nullAction === null) {
    found.need(surface.caps.length === 0, 'caps', 'are empty without a null action to take the mass');
    found.need(surface.pacing === null, 'pacing', 'is null without a null action to take the mass');
    return;
  }
  surface.caps.forEach((cap, i) => checkCap(surface, cap, `caps[${i}]`, found));
  checkPacing(surface, found);
}

/** The floor alone allocates ε (K − 1) / K when everything is feasible, whatever the policy and the pacing do. */
const floorShareOf = (surface: Surface): number =>
  (surface.explorationFloor * (surface.actions.length - 1)) / surface.actions.length;

function checkPacing(surface: Surface, found: Violations): void {
  const { pacing } = surface;
  if (pacing === null) return;
  const { targetShare, proportionalGain, integralGain } = pacing;
  found.need(targetShare > 0 && targetShare <= 1, 'pacing.targetShare', 'is above 0, at most 1', targetShare);
  const floorShare = floorShareOf(surface);
  const rule = `is at least ${floorShare}, what the exploration floor allocates by itself`;
  found.need(!(floorShare > targetShare), 'pacing.targetShare', rule, targetShare);
  const isGain = (gain: number): boolean => Number.isFinite(gain) && gain >= 0;
  found.need(isGain(proportionalGain), 'pacing.proportionalGain', 'is finite and ≥ 0', proportionalGain);
  found.need(isGain(integralGain), 'pacing.integralGain', 'is finite and ≥ 0', integralGain);
}

function checkConstraint(
  surface: Surface,
  constraint: ConstraintSpec,
  field: string,
  found: Violations,
): void {
  const { name, on, direction, threshold } = constraint;
  found.need(isName(name), `${field}.name`, NAME_RULE, name);
  found.need(Number.isFinite(threshold), `${field}.threshold`, 'is a finite number', threshold);
  if (on !== 'share-of-actions') {
    const isKnown = surface.responses.some((response) => response.name === on.response);
    found.need(isKnown, `${field}.on.response`, 'is a declared response', on.response);
    return;
  }
  found.need(surface.nullAction !== null, `${field}.on`, 'needs a null action', on);
  found.need(isProbability(threshold), `${field}.threshold`, 'is between 0 and 1', threshold);
  const least = floorShareOf(surface);
  const most = 1 - surface.explorationFloor / surface.actions.length;
  if (direction === 'at-most') {
    const rule = `is at least ${least}, what the exploration floor allocates by itself`;
    found.need(!(threshold < least), `${field}.threshold`, rule, threshold);
  } else {
    const rule = `is at most ${most}, what the exploration floor leaves`;
    found.need(!(threshold > most), `${field}.threshold`, rule, threshold);
  }
}

function checkCap(surface: Surface, cap: CapSpec, field: string, found: Violations): void {
  const { name, action, rule } = cap;
  found.need(isName(name), `${field}.name`, NAME_RULE, name);
  const isAllocating = surface.actions.includes(action) && action !== surface.nullAction;
  found.need(isAllocating, `${field}.action`, 'is an action other than the null action', action);
  if (rule.kind === 'unit-window') {
    const isCount = Number.isInteger(rule.limit) && rule.limit >= 0;
    found.need(isCount, `${field}.rule.limit`, 'is a whole number ≥ 0', rule.limit);
    const isWindow = rule.windowSeconds > 0 && Number.isFinite(rule.windowSeconds);
    found.need(isWindow, `${field}.rule.windowSeconds`, 'is positive', rule.windowSeconds);
    return;
  }
  const isNumeric = surface.features.find((f) => f.name === rule.feature)?.type === 'numeric';
  found.need(isNumeric, `${field}.rule.feature`, 'is a declared numeric feature', rule.feature);
  found.need(Number.isFinite(rule.limit), `${field}.rule.limit`, 'is a finite number', rule.limit);
}
