import type { BanditLogColumns } from '../../../offline/tabular/bandit-log-file.ts';
import { AllotError } from '../../core/errors.ts';

/** The options of `allot ope` that name columns. */
export interface ColumnFlags {
  readonly action: string;
  readonly reward: readonly string[];
  readonly propensity: string;
  readonly evaluationProbability?: string;
  readonly evaluationDistribution?: string;
  readonly rewardModel?: readonly string[];
  readonly unit?: string;
}

/** Columns from flags; flags that contradict each other are refused by name. */
export function logColumns(flags: ColumnFlags): BanditLogColumns {
  const { evaluationProbability: column, evaluationDistribution: prefix } = flags;
  if ((column === undefined) === (prefix === undefined)) {
    const rule = 'give exactly one of --evaluation-probability and --evaluation-distribution';
    throw badFlag('--evaluation-probability', rule);
  }
  return {
    action: flags.action,
    rewards: [...new Set(flags.reward)],
    propensity: flags.propensity,
    evaluation:
      prefix === undefined ? { kind: 'probability', column: column ?? '' } : { kind: 'distribution', prefix },
    rewardModels: rewardModels(flags),
    ...(flags.unit === undefined ? {} : { unit: flags.unit }),
  };
}

/** `prefix` where there is one reward, `reward=prefix` for each where there are several. */
function rewardModels({ reward, rewardModel }: ColumnFlags): ReadonlyMap<string, string> {
  return new Map(
    (rewardModel ?? []).map((flag) => {
      const named = reward.find((name) => flag.startsWith(`${name}=`));
      if (named !== undefined) return [named, flag.slice(named.length + 1)];
      if (reward.length === 1) return [reward[0], flag];
      throw badFlag('--reward-model', `with several rewards write <reward>=<prefix>, got "${flag}"`);
    }),
  );
}

export function badFlag(field: string, rule: string): AllotError {
  return new AllotError('invalid_request', `${field}: ${rule}`, { violations: [{ field, rule }] });
}
