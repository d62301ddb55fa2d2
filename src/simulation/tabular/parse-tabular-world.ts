import { isProbability, refuse } from '../../core/check.ts';
import { Violations } from '../../core/surface/violations.ts';
import { checkSurface } from '../../core/surface/check-surface.ts';
import { tabularSurface } from './tabular-surface.ts';
import type { TabularDimension, TabularOutcome, TabularState, TabularWorld } from './tabular-world.ts';

/** Probabilities of a distribution may miss their sum by this. */
const ROUNDING = 1e-9;
const fields = ['kind', 'name', 'discount', 'actions', 'dimensions', 'responses', 'constraints', 'states'];
const optional = ['explorationFloor'];

export const isTabularWorld = (raw: unknown): boolean => isRecord(raw) && raw['kind'] === 'tabular';

/**
 * A world as JSON, `{"kind": "tabular", …}` with the fields of `TabularWorld`; `config_invalid` names every field that
 * breaks a rule. Shapes first: meaning is only looked at where the shape is right.
 */
export function parseTabularWorld(raw: unknown): TabularWorld {
  const shape = new Violations();
  shape.need(isTabularWorld(raw), 'kind', 'is "tabular"', isRecord(raw) ? raw['kind'] : raw);
  refuse('config_invalid', shape.list);
  const sent = raw as Record<string, unknown>;
  checkShape(sent, shape);
  refuse('config_invalid', shape.list);
  const { explorationFloor = 0.1, ...rest } = sent;
  delete rest['kind'];
  const world = { ...rest, explorationFloor } as unknown as TabularWorld;
  const found = new Violations();
  checkMeaning(world, found);
  refuse('config_invalid', found.list);
  refuse('config_invalid', checkSurface(tabularSurface(world)));
  return world;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumbers = (value: unknown): boolean =>
  Array.isArray(value) && value.every((v) => typeof v === 'number' && Number.isFinite(v));

function checkShape(sent: Record<string, unknown>, found: Violations): void {
  for (const name of Object.keys(sent)) {
    found.need([...fields, ...optional].includes(name), name, `is one of ${fields.join(', ')}`);
  }
  found.need(typeof sent['name'] === 'string', 'name', 'is a text', sent['name']);
  found.need(typeof sent['discount'] === 'number', 'discount', 'is a number', sent['discount']);
  const isFloor = ['undefined', 'number'].includes(typeof sent['explorationFloor']);
  found.need(isFloor, 'explorationFloor', 'is a number', sent['explorationFloor']);
  each(sent, 'actions', found, (action, at) =>
    found.need(typeof action === 'string', at, 'is a text', action),
  );
  each(sent, 'dimensions', found, (d, at) =>
    found.need(
      isRecord(d) && typeof d['name'] === 'string' && isNumbers(d['levels']),
      at,
      'has name and levels',
    ),
  );
  each(sent, 'responses', found, (r, at) => {
    const isResponse = isRecord(r) && ['name', 'role', 'kind', 'unit'].every((f) => typeof r[f] === 'string');
    found.need(isResponse, at, 'has name, role, kind and unit');
  });
  each(sent, 'constraints', found, (c, at) => {
    const isConstraint = isRecord(c) && typeof c['name'] === 'string' && typeof c['threshold'] === 'number';
    found.need(isConstraint, at, 'has name, on, direction and threshold');
  });
  each(sent, 'states', found, (state, at) => checkStateShape(state, at, found));
}

function checkStateShape(state: unknown, at: string, found: Violations): void {
  const isState = isRecord(state) && isNumbers(state['at']) && typeof state['start'] === 'number';
  found.need(isState, at, 'has at, start and actions');
  if (!isRecord(state)) return;
  each(state, 'actions', found, (outcome, where) => {
    const isOutcome = isRecord(outcome) && Array.isArray(outcome['next']) && isRecord(outcome['means']);
    const hasPairs = isOutcome && (outcome['next'] as unknown[]).every((p) => isNumbers(p));
    found.need(hasPairs, `${at}.${where}`, 'has next, pairs of state and probability, and means');
  });
}

function each(
  of: Record<string, unknown>,
  field: string,
  found: Violations,
  check: (item: unknown, at: string) => void,
): void {
  const items = of[field];
  found.need(Array.isArray(items), field, 'is a list', items);
  if (Array.isArray(items)) items.forEach((item, i) => check(item, `${field}[${i}]`));
}

function checkMeaning(world: TabularWorld, found: Violations): void {
  const { discount, dimensions, responses, states } = world;
  found.need(discount > 0 && discount < 1, 'discount', 'is above 0 and below 1', discount);
  found.need(states.length > 0, 'states', 'has at least one state', 0);
  found.need(
    responses.some((r) => r.role === 'main'),
    'responses',
    'has one with the role "main"',
  );
  responses.forEach(({ kind, spread = 0 }, i) => {
    found.need(
      ['event', 'amount', 'exact'].includes(kind),
      `responses[${i}].kind`,
      'is event, amount or exact',
      kind,
    );
    found.need(spread >= 0 && spread <= 3, `responses[${i}].spread`, 'is between 0 and 3', spread);
  });
  dimensions.forEach((dimension, i) => checkDimension(dimension, `dimensions[${i}]`, found));
  found.need(
    dimensions.filter((d) => d.isGroup).length <= 1,
    'dimensions',
    'has at most one that is the group',
  );
  const start = states.reduce((sum, state) => sum + state.start, 0);
  found.need(Math.abs(start - 1) <= ROUNDING, 'states', 'have starts that sum to 1', start);
  states.forEach((state, s) => checkState(world, state, `states[${s}]`, found));
  found.needDistinct(
    states.map(({ at }) => at.join(', ')),
    'states',
  );
}

function checkDimension({ levels }: TabularDimension, field: string, found: Violations): void {
  const isAscending = levels.length > 0 && levels.every((level, i) => i === 0 || level > levels[i - 1]);
  found.need(isAscending, `${field}.levels`, 'are at least one number, ascending');
}

function checkState(world: TabularWorld, state: TabularState, field: string, found: Violations): void {
  const isPlaced =
    state.at.length === world.dimensions.length &&
    world.dimensions.every(({ levels }, i) => levels.includes(state.at[i]));
  found.need(isPlaced, `${field}.at`, 'has a level of every dimension', state.at.join(', '));
  found.need(isProbability(state.start), `${field}.start`, 'is a probability', state.start);
  const k = world.actions.length;
  found.need(state.actions.length === k, `${field}.actions`, 'has one per action', state.actions.length);
  state.actions.forEach((outcome, a) => checkOutcome(world, outcome, `${field}.actions[${a}]`, found));
}

function checkOutcome(world: TabularWorld, outcome: TabularOutcome, field: string, found: Violations): void {
  const isKnown = outcome.next.every(
    ([s, p]) => Number.isInteger(s) && s >= 0 && s < world.states.length && isProbability(p),
  );
  found.need(isKnown, `${field}.next`, 'leads to states with probabilities');
  const sum = outcome.next.reduce((total, [, p]) => total + p, 0);
  found.need(sum <= 1 + ROUNDING, `${field}.next`, 'sums to at most 1', sum);
  for (const { name, kind } of world.responses) {
    const mean = outcome.means[name];
    const isMean = Number.isFinite(mean) && mean >= 0 && (kind !== 'event' || mean <= 1);
    found.need(
      isMean,
      `${field}.means.${name}`,
      kind === 'event' ? 'is a probability' : 'is at least 0',
      mean,
    );
  }
}
