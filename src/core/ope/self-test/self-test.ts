import { invariant } from '../../check.ts';
import { createRandom } from '../../math/random.ts';
import { evaluateLog } from '../evaluate-log.ts';
import { examine } from '../examination.ts';
import type { OpeOptions } from '../ope-options.ts';
import type { BanditEstimatorId } from '../report.ts';
import type { Trouble } from '../trouble.ts';
import { adviceOf } from './advice.ts';
import { behaviorDistribution } from './behavior.ts';
import { drawReplicate } from './draw-replicate.ts';
import { createScoreBoard } from './score-board.ts';
import type { Replicate, SelfTestInput, SelfTestRefusal, SelfTestReport } from './self-test-types.ts';
import { createWorld } from './world.ts';

/** All that can be refitted here; `mrdr` needs a fit of its own. */
const usual: readonly BanditEstimatorId[] = [
  'ips',
  'snips',
  'dm',
  'dr',
  'sndr',
  'switch-dr',
  'dros',
  'sg-ips',
  'sg-dr',
];

/**
 * Which estimator and which interval can be trusted on *this* log: every one of them values π on logs of the same shape
 * (units, contexts, logging policy, tails of the residuals) whose outcomes come from a world with a known truth that is
 * not of q̂'s family; q̂ is refitted in each. See `World` for how outcomes are drawn and `adviceOf` for who is trusted.
 *
 * It answers for logs like this one, with a reward model that is wrong in the way that hurts most; it cannot see wrong
 * propensities or outcomes that depend on later decisions. One response at a time. Same input and seed: same report.
 *
 * @returns bias, RMSE and coverage per estimator and interval with Monte-Carlo errors, and a sentence; or a refusal where
 *   the log is unusable, the response is not finite, or nothing can be fitted
 */
export function selfTest(input: SelfTestInput): SelfTestReport | SelfTestRefusal {
  const { log, policy, response, replicates, seed, misspecification = 1 } = input;
  invariant(Number.isInteger(replicates) && replicates >= 2, 'at least two replicates');
  invariant(misspecification >= 0, 'misspecification ≥ 0');
  const trouble = troubleOf(input);
  if (trouble !== null) return { response, refusal: trouble };
  const { probabilities: behavior, isLogged } = behaviorDistribution(log, policy.actionCount);
  const original: Replicate = { log, policy, rows: Int32Array.from(log.actions.keys()) };
  const model = input.fit(original, response);
  if (model === null) return { response, refusal: modelNeeded };
  const world = createWorld({ log, policy, behavior, response, model, misspecification, seed });
  const board = createScoreBoard(world.truth);
  const random = createRandom(seed).fork('replicates');
  for (let b = 0; b < replicates; b++) {
    const replicate = drawReplicate({ log, policy, behavior, response, world }, random.fork(`${b}`));
    board.add(evaluateReplicate(input, replicate, b));
    input.progress?.(b + 1, replicates);
  }
  const scores = board.scores();
  return {
    response,
    replicates,
    seed,
    level: input.options.level,
    misspecification,
    truth: world.truth,
    outcomes: world.range === null ? 'resampled residuals' : 'two values',
    scores,
    advice: adviceOf(scores, replicates),
    notes: isLogged ? [] : [standIn],
  };
}

function evaluateReplicate(input: SelfTestInput, replicate: Replicate, b: number) {
  const model = input.fit(replicate, input.response);
  const options: OpeOptions = {
    estimators: usual.filter((id) => model !== null || ['ips', 'snips', 'sg-ips'].includes(id)),
    ...input.options,
    seed: input.seed + b,
    ...(model === null ? {} : { rewardModels: new Map([[input.response, model]]) }),
  };
  return (input.evaluate ?? evaluateLog)(replicate.log, replicate.policy, options);
}

function troubleOf({ log, policy, response, options }: SelfTestInput): Trouble | null {
  const { unusable } = examine(log, policy, options);
  if (unusable !== null) return unusable;
  const values = log.responses.get(response);
  if (values !== undefined && values.every(Number.isFinite)) return null;
  const reason = `there is not a finite ${response} on every row`;
  return { code: 'response_invalid', reason, needed: 'a finite number on every row' };
}

const modelNeeded: Trouble = {
  code: 'reward_model_missing',
  reason: 'no reward model could be fitted, so there is nothing to draw outcomes around',
  needed: 'a way to fit q̂(x, a)',
};

const standIn =
  'Only the propensity of the served action is logged: the other actions share the rest in proportion to their typical ' +
  'propensities, so the logging policy of the replicates is a stand-in.';
