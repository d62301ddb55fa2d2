import { plan, type PlanRefusal, type PlanReport } from '../../src/core/ope/plan.ts';
import { meanByAction } from '../../src/core/ope/self-test/mean-by-action.ts';
import { selfTest } from '../../src/core/ope/self-test/self-test.ts';
import type { SelfTestRefusal, SelfTestReport } from '../../src/core/ope/self-test/self-test-types.ts';
import type { Trouble } from '../../src/core/ope/trouble.ts';
import type { LoadedLog } from './loaded-log.ts';
import { isBandit, type OpeQuestion, type PlanQuestion, type SelfTestQuestion } from './question.ts';

/** Resamples of a replicate: an interval's end needs no more where only its coverage is counted. */
const REPLICATE_RESAMPLES = 200;

/** Which estimator to trust on a log of this shape, by response; q̂ is refitted as a mean by action. */
export function selfTests(
  { log, policy }: LoadedLog,
  { options, estimators }: OpeQuestion,
  { replicates, progress }: SelfTestQuestion,
): (SelfTestReport | SelfTestRefusal)[] {
  const ids = estimators?.filter(isBandit).filter((id) => id !== 'mrdr');
  return [...log.responses.keys()].map((response) => {
    if (policy.kind === 'logged-action') return { response, refusal: distributionNeeded };
    return selfTest({
      log,
      policy,
      response,
      fit: meanByAction,
      options: {
        ...options,
        resamples: Math.min(options.resamples, REPLICATE_RESAMPLES),
        ...(ids === undefined || ids.length === 0 ? {} : { estimators: ids }),
      },
      replicates,
      seed: options.seed,
      ...(progress === undefined ? {} : { progress }),
    });
  });
}

/** How many more decisions at which floor narrow the interval to a width, by response. */
export function plans(
  { log, policy, opponent }: LoadedLog,
  { options }: OpeQuestion,
  { width, floors }: PlanQuestion,
): (PlanReport | PlanRefusal)[] {
  return [...log.responses.keys()].map((response) => {
    if (policy.kind === 'logged-action') return { response, refusal: distributionNeeded };
    return plan({
      log,
      policy,
      width,
      floors,
      response,
      level: options.level,
      ...(opponent?.kind === 'distribution' ? { behavior: opponent } : {}),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    });
  });
}

const distributionNeeded: Trouble = {
  code: 'distribution_needed',
  reason: 'only the evaluated policy’s probability of the logged action is given',
  needed: 'the evaluation distribution over all actions',
};
