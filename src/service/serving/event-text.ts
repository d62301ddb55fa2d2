import type { DecisionEvent } from '../../core/feedback/events.ts';
import type { FeatureValue, Surface } from '../../core/surface/surface.ts';
import { adjustmentsText, listText, plain, quote } from './json-text.ts';

/** A decision of one surface as JSON. */
export type EventText = (event: DecisionEvent) => string;

/**
 * `JSON.stringify(event)` at a third of its cost: the names of fields and features, and what is the same in every event
 * of a surface, are put together once. Features come in their declared order. A test holds it against `JSON.stringify`.
 */
export function compileEventText({ tenant, surface }: { tenant: string; surface: Surface }): EventText {
  const { actions, name, schemaVersion } = surface;
  const where =
    `","tenant":${quote(tenant)},"surface":${quote(name)}` +
    `,"schemaVersion":${plain(schemaVersion)},"requestId":`;
  const allActions = JSON.stringify(actions);
  const featuresText = compileFeaturesText(surface.features.map((feature) => feature.name));
  return (event) =>
    '{"v":1,"kind":"decision","decisionId":"' +
    event.decisionId +
    where +
    quote(event.requestId) +
    ',"unitId":' +
    quote(event.unitId) +
    ',"sessionId":' +
    quote(event.sessionId) +
    ',"decidedAt":' +
    plain(event.decidedAt) +
    ',"features":' +
    featuresText(event.features) +
    ',"defaultedFeatures":' +
    listText(event.defaultedFeatures) +
    ',"group":' +
    quote(event.group) +
    ',"eligibleActions":' +
    (event.eligibleActions === actions ? allActions : JSON.stringify(event.eligibleActions)) +
    probabilityText(event) +
    originText(event);
}

function probabilityText({ action, propensity, probabilities, draw }: DecisionEvent): string {
  let list = '';
  for (let i = 0; i < probabilities.length; i += 1) {
    list += i === 0 ? plain(probabilities[i]) : `,${plain(probabilities[i])}`;
  }
  return `,"action":${quote(action)},"propensity":${plain(propensity)},"probabilities":[${list}],"draw":${plain(draw)}`;
}

const originText = (event: DecisionEvent): string =>
  `,"policyVersion":${quote(event.policyVersion)},"experiment":${quote(event.experiment)}` +
  `,"variant":${quote(event.variant)},"block":${plain(event.block)}` +
  `,"adjustments":${adjustmentsText(event.adjustments)},"fallback":${quote(event.fallback)}` +
  `,"isForced":${plain(event.isForced)}}`;

/** Every declared feature has a value in an event. */
function compileFeaturesText(names: readonly string[]): (values: DecisionEvent['features']) => string {
  const prefixes = names.map((name, i) => `${i === 0 ? '' : ','}${JSON.stringify(name)}:`);
  return (values) => {
    let text = '{';
    for (let i = 0; i < names.length; i += 1) text += prefixes[i] + valueText(values[names[i]]);
    return `${text}}`;
  };
}

function valueText(value: FeatureValue): string {
  return typeof value === 'number' || typeof value === 'boolean' ? plain(value) : JSON.stringify(value);
}
