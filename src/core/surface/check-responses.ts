import { isName, NAME_RULE } from './names.ts';
import { SESSION_CLOSED, type ResponseSpec, type Surface } from './surface.ts';
import type { Violations } from './violations.ts';

/** Names that a response may not take: they mean something else where responses are listed. */
const RESERVED_RESPONSES: readonly string[] = ['share-of-actions', SESSION_CLOSED];

const LONGEST_WINDOW_SECONDS = 90 * 86_400;

/** Responses, and the gate's margins on them. */
export function checkResponses(surface: Surface, found: Violations): void {
  const { responses } = surface;
  found.needDistinct(
    responses.map((response) => response.name),
    'responses',
  );
  responses.forEach((response, i) => checkResponse(response, `responses[${i}]`, found));
  const mainCount = responses.filter((response) => response.role === 'main').length;
  found.need(mainCount === 1, 'responses', 'has exactly one with the role "main"', mainCount);
  checkGate(surface, found);
}

function checkResponse(response: ResponseSpec, field: string, found: Violations): void {
  const { name, interaction, min, max, windowSeconds, aggregate } = response;
  found.need(isName(name), `${field}.name`, NAME_RULE, name);
  found.need(!RESERVED_RESPONSES.includes(name), `${field}.name`, 'is not reserved', name);
  found.need(isName(interaction), `${field}.interaction`, NAME_RULE, interaction);
  found.need(interaction !== SESSION_CLOSED, `${field}.interaction`, 'is not reserved', interaction);
  const isRange = Number.isFinite(min) && Number.isFinite(max) && min < max;
  found.need(isRange, `${field}.min`, 'is finite and below max', `${min} … ${max}`);
  const isWithin = response.default >= min && response.default <= max;
  found.need(isWithin, `${field}.default`, `is between ${min} and ${max}`, response.default);
  const isWindow = windowSeconds > 0 && windowSeconds <= LONGEST_WINDOW_SECONDS;
  found.need(
    isWindow,
    `${field}.windowSeconds`,
    `is above 0 and at most ${LONGEST_WINDOW_SECONDS}`,
    windowSeconds,
  );
  const holdsOne = aggregate !== 'any' || (min <= 1 && max >= 1);
  found.need(holdsOne, `${field}.max`, 'admits 1, the value of "any"', max);
}

/** A margin of 0 could never be shown to be kept at no effect, so margins are positive. */
function checkGate(surface: Surface, found: Violations): void {
  const { gate, responses } = surface;
  found.need(gate.level > 0.5 && gate.level < 1, 'gate.level', 'is between 0.5 and 1', gate.level);
  const isMargin = gate.mainMargin > 0 && Number.isFinite(gate.mainMargin);
  found.need(isMargin, 'gate.mainMargin', 'is positive', gate.mainMargin);
  const isCount = Number.isFinite(gate.minEffectiveUnits) && gate.minEffectiveUnits >= 1;
  found.need(isCount, 'gate.minEffectiveUnits', 'is at least 1', gate.minEffectiveUnits);
  const auxiliaries = new Set(responses.filter((r) => r.role === 'auxiliary').map((r) => r.name));
  for (const [name, margin] of Object.entries(gate.auxiliaryMargins)) {
    const field = `gate.auxiliaryMargins.${name}`;
    found.need(auxiliaries.has(name), field, 'names an auxiliary response', name);
    found.need(margin > 0 && Number.isFinite(margin), field, 'is positive', margin);
  }
}
