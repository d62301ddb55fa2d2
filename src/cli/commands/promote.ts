import type { Command } from 'commander';
import type { PromotionRequest, PromotionResult } from '../../../offline/promote.ts';
import { AllotError } from '../../core/errors.ts';
import type { RunStore } from '../../service/ports/runs.ts';
import { exitCodes } from '../exit-codes.ts';
import { print, printJson } from '../output.ts';

export function register(program: Command): void {
  program
    .command('promote')
    .description('ask the gate to let an evaluated candidate in; moves an alias when it may')
    .option('--surface <name>', 'which surface')
    .option('--policy <version>', 'the candidate')
    .option('--alias <name>', 'the alias to move: challenger (for an experiment) or champion', 'challenger')
    .option('--evaluation <run>', 'the evaluation run that decides (default: the newest of the candidate)')
    .option('--override <reason>', 'promote against the gate; the reason goes to the audit log')
    .option('--run <id>', 'job mode: everything else comes from the stored run')
    .option('--tenant <name>', 'whose surface', 'default')
    .option('--json', 'one object on standard output')
    .addHelpText(
      'after',
      `
Example:
  allot promote --surface live-feed --policy live-feed@7 --alias challenger

Exit codes: 0 promoted, 2 bad input, 3 the gate refused or found the evidence insufficient.`,
    )
    .action(promote);
}

interface PromoteFlags {
  readonly surface?: string;
  readonly policy?: string;
  readonly alias: string;
  readonly evaluation?: string;
  readonly override?: string;
  readonly run?: string;
  readonly tenant: string;
  readonly json?: boolean;
}

async function promote(flags: PromoteFlags): Promise<void> {
  const { promotePolicy, promotionConfig } = await import('../../../offline/promote.ts');
  const { withStores } = await import('../local/with-stores.ts');
  const { artifactKeys } = await import('../../compose/artifact-keys.ts');
  const result = await withStores(async (stores, config) => {
    const request =
      flags.run === undefined
        ? fromFlags(flags)
        : await fromRun(flags, flags.run, stores.runs, promotionConfig);
    const { trust } = artifactKeys(config);
    return await promotePolicy(request, stores, { tenant: flags.tenant, id: 'cli' }, trust);
  });
  if (flags.json === true) printJson(result);
  else print(sentence(result));
  if (!result.isPromoted && flags.run === undefined) process.exitCode = exitCodes.refusal;
}

function sentence({
  policyVersion,
  alias,
  verdict,
  reasons,
  unguarded,
  isPromoted,
  isOverride,
}: PromotionResult): string {
  const moved = isPromoted ? `${policyVersion} is now ${alias}` : `${policyVersion} was not promoted`;
  const why = [...reasons, ...unguarded.map((loss) => `! ${loss}`)].map((line) => `\n  ${line}`).join('');
  return `${verdict}${isOverride ? ' (overridden)' : ''}: ${moved}${why}`;
}

function fromFlags({ surface, policy, alias, evaluation, override }: PromoteFlags): PromotionRequest {
  if (surface === undefined || policy === undefined) {
    throw new AllotError(
      'invalid_request',
      '--surface and --policy are needed unless --run names a stored run',
    );
  }
  return {
    surface,
    policyVersion: policy,
    alias,
    ...(evaluation === undefined ? {} : { evaluationRun: evaluation }),
    ...(override === undefined ? {} : { override: { reason: override } }),
  };
}

async function fromRun(
  flags: PromoteFlags,
  id: string,
  runs: RunStore,
  schema: typeof import('../../../offline/promote.ts').promotionConfig,
): Promise<PromotionRequest> {
  const { parseConfig } = await import('../../../offline/learning/config.ts');
  const run = await runs.find(flags.tenant, id);
  if (run === undefined) throw new AllotError('run_unknown', `there is no run ${id}`);
  return { surface: run.surface, ...parseConfig(schema, run.config) };
}
