import type { Adjustment, DecisionEvent, Fallback } from '../../core/feedback/events.ts';
import { adjustmentsText, plain, quote } from './json-text.ts';

/** What the caller gets; `probabilities` by action, summing to 1. */
export interface DecideAnswer {
  readonly decisionId: string;
  readonly action: string;
  /** Probability of `action` as finally served. */
  readonly propensity: number;
  readonly probabilities: Readonly<Record<string, number>>;
  readonly policyVersion: string | null;
  readonly experiment: string | null;
  readonly variant: string | null;
  readonly adjustments: readonly Adjustment[];
  readonly fallback: Fallback | null;
}

export function answerOf(event: DecisionEvent, actions: readonly string[]): DecideAnswer {
  const probabilities: Record<string, number> = {};
  for (let i = 0; i < actions.length; i += 1) probabilities[actions[i]] = event.probabilities[i];
  return {
    decisionId: event.decisionId,
    action: event.action,
    propensity: event.propensity,
    probabilities,
    policyVersion: event.policyVersion,
    experiment: event.experiment,
    variant: event.variant,
    adjustments: event.adjustments,
    fallback: event.fallback,
  };
}

/** `JSON.stringify(answer)` at a third of its cost; a test holds it against that. */
export function answerText(answer: DecideAnswer): string {
  const { decisionId, action, propensity, probabilities, policyVersion, experiment, variant } = answer;
  let list = '';
  for (const name in probabilities) {
    list += `${list === '' ? '' : ','}${quote(name)}:${plain(probabilities[name])}`;
  }
  return (
    `{"decisionId":${quote(decisionId)},"action":${quote(action)},"propensity":${plain(propensity)}` +
    `,"probabilities":{${list}},"policyVersion":${quote(policyVersion)},"experiment":${quote(experiment)}` +
    `,"variant":${quote(variant)},"adjustments":${adjustmentsText(answer.adjustments)}` +
    `,"fallback":${quote(answer.fallback)}}`
  );
}

/** −Σ p log p, in nats. */
export function entropyOf(probabilities: readonly number[]): number {
  let entropy = 0;
  for (const p of probabilities) if (p > 0) entropy -= p * Math.log(p);
  return entropy;
}
