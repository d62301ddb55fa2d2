import type { EstimatorId } from '../../src/core/ope/report.ts';

/** Every term of a report in a line, for a reader who has not met it. */
export const estimatorTerms: Readonly<Record<EstimatorId, string>> = {
  ips: 'inverse propensity scoring: every decision counts w times; unbiased, but jumpy where weights are large',
  snips:
    'self-normalised ips: divided by the sum of the weights; steadier, with a bias that vanishes with more data',
  dm: 'direct method: what a fitted model of the response says; its interval does not see the error of that model',
  dr: 'doubly robust: the model, corrected by weighted residuals; right if the propensities or the model are',
  sndr: 'doubly robust with self-normalised weights: steadier where weights are large',
  'switch-dr': 'doubly robust where weights are small, the model alone where they are not',
  dros: 'doubly robust with weights shrunk towards the model to lower the error',
  'sg-ips': 'ips with weights bent so that they stay bounded',
  'sg-dr': 'doubly robust with weights bent so that they stay bounded',
  mrdr: 'doubly robust with a model fitted to make its own error small',
  tis: 'trajectory-wise importance sampling: the whole session counts with the product of its weights',
  pdis: 'per-decision importance sampling: a step counts with the product of the weights up to it',
  sntis: 'trajectory-wise importance sampling, self-normalised',
  snpdis: 'per-decision importance sampling, self-normalised',
  'sequential-dr': 'doubly robust over sessions, with fitted values of states',
  wdr: 'sequential doubly robust with self-normalised weights',
  magic: 'a blend of wdr and the model, leaning on the model as far as the data allow',
  fqe: 'fitted Q evaluation: the model of a session’s future alone',
  'ncis-step': 'normalised capped importance sampling by step: a screen, not a decision',
  'ncis-per-decision': 'normalised capped importance sampling with products of weights up to each step',
  'ncis-trajectory': 'normalised capped importance sampling by session',
  'marginalised-is': 'weights of states and actions in place of products of weights',
  dice: 'weights of states and actions, found by solving the flow equation of the policy',
  'marginal-dr':
    'doubly robust over sessions, with the ratio of visits in place of products of weights: what a gate per session decides by',
};

export const intervalTerms: Readonly<Record<string, string>> = {
  'bootstrap-percentile': 'the middle of the estimates on many logs drawn from this one, unit by unit',
  'bootstrap-bca': 'the same, corrected for bias and skewness',
  'bootstrap-poisson': 'the bootstrap for streams: units are drawn by random weights',
  'delta-normal': 'estimate ± z standard errors; needs many units of similar weight',
  'student-t': 'estimate ± t standard errors; needs many units of similar weight',
  hoeffding: 'holds for any sample size; needs the largest possible contribution of a unit; wide',
  'empirical-bernstein': 'holds for any sample size; narrower than hoeffding where the spread is small',
  hcope: 'holds for any sample size; large contributions are cut off on the safe side',
  'clopper-pearson': 'exact for yes/no outcomes without weights',
  'cressie-read': 'the values that a small reweighting of the data could explain',
  'cs-off-policy': 'holds at every look, so one may stop whenever one likes',
};

export const generalTerms: readonly (readonly [string, string])[] = [
  ['policy', 'what chooses an action in a situation, each action with a probability'],
  ['off-policy', 'the log was produced by another policy than the one that is valued'],
  ['propensity', 'probability with which the logged action was served'],
  [
    'weight',
    'probability under the valued policy divided by the propensity: how often a logged decision counts',
  ],
  [
    'per-decision',
    'the estimand: mean response of a decision, in the situations of the log; it does not see how the policy would change later situations',
  ],
  ['per-session', 'the estimand: (discounted) total response of a session'],
  [
    'unit',
    'who decisions are made for; everything about a unit is drawn together, because its decisions resemble each other',
  ],
  [
    'interval',
    'a range that holds what the estimator aims at in that share of repetitions; wide means that little is known',
  ],
  ['effective sample size', 'number of equally weighted units that would know as much'],
  [
    'clip',
    'a weight above it counts as it: steadier, but the estimate then aims below the truth for responses ≥ 0',
  ],
  ['weak', 'enough for a look, not for a decision'],
  ['refused', 'no value is given because it could only mislead'],
];
