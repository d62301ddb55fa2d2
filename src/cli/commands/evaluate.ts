import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { EvaluationResult } from '../../../offline/evaluation/evaluation-result.ts';
import type { AllotConfig } from '../../config/config.ts';
import { AllotError } from '../../core/errors.ts';
import { isRefusal } from '../../core/ope/report.ts';
import type { AllStores } from '../../service/ports/all-stores.ts';
import type { Actor } from '../../service/ports/stores.ts';
import { renderEvaluation } from '../evaluate/render.ts';
import { exitCodes } from '../exit-codes.ts';
import { print, printJson, safeFailure } from '../output.ts';
import { positive, wholeNumber } from '../parse-numbers.ts';

export function register(program: Command): void {
  program
    .command('evaluate')
    .description('judge a policy on a log that it did not produce, and ask the gate')
    .option('--surface <name>', 'which surface')
    .option('--policy <version>', 'version or alias to judge')
    .option('--champion <version>', 'version or alias to compare with (default: the alias champion)')
    .option('--behavior-version <version...>', 'only rows that these versions or aliases served')
    .option('--snapshot <dir>', 'folder written by `allot snapshot` (default: freeze everything until now)')
    .option('--resamples <n>', 'bootstrap resamples of units', wholeNumber, 1000)
    .option('--seed <n>', 'seed of the bootstrap', wholeNumber, 0)
    .option('--clip <c>', 'clip weights at c; reported, never silent', positive)
    .option('--html <file>', 'write the report as a self-contained page')
    .option('--run <id>', 'job mode: everything else comes from the stored run')
    .option('--tenant <name>', 'whose surface', 'default')
    .option('--json', 'one object on standard output')
    .addHelpText(
      'after',
      `
Examples:
  allot evaluate --surface live-feed --policy live-feed@7 --html report.html
  allot evaluate --surface open-bandit-men --policy random --behavior-version bts

Exit codes: 0 answered (whatever the gate says), 2 bad input, 3 every estimate refused.`,
    )
    .action(evaluate);
}

interface EvaluateFlags {
  readonly surface?: string;
  readonly policy?: string;
  readonly champion?: string;
  readonly behaviorVersion?: readonly string[];
  readonly snapshot?: string;
  readonly resamples: number;
  readonly seed: number;
  readonly clip?: number;
  readonly html?: string;
  readonly run?: string;
  readonly tenant: string;
  readonly json?: boolean;
}

async function evaluate(flags: EvaluateFlags): Promise<void> {
  const { evaluationReport } = await import('../../../offline/reports/evaluation-report.ts');
  const { withStores } = await import('../local/with-stores.ts');
  const result = await withStores(async (stores, config) => {
    if (flags.run !== undefined)
      return await judge(await storedQuestion(flags.run, flags, stores), flags, stores, config);
    const question = askedFor(flags);
    await stores.runs.create({ ...question, kind: 'evaluation' }, actorOf(flags));
    return await recorded(flags, stores, question.id, () => judge(question, flags, stores, config));
  });
  const reportHtml = evaluationReport(result);
  if (flags.html !== undefined) await writeFile(flags.html, reportHtml);
  if (flags.json === true) printJson(flags.run === undefined ? result : { ...result, reportHtml });
  else print(renderEvaluation(result, flags.html));
  if (isRefusedThroughout(result) && flags.run === undefined) process.exitCode = exitCodes.refusal;
}

type Evaluated = EvaluationResult & { readonly snapshot: string };

interface Question {
  readonly id: string;
  readonly surface: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly until: number;
}

async function judge(
  question: Question,
  flags: EvaluateFlags,
  stores: AllStores,
  config: AllotConfig,
): Promise<Evaluated> {
  const { evaluateVersion, snapshotsFolder } = await import('../../../offline/evaluate.ts');
  const folder = snapshotsFolder(config.dataDir);
  return await evaluateVersion({
    ...question,
    stores,
    actor: actorOf(flags),
    snapshotDirectory: join(folder, question.id),
    snapshotsWithin: flags.run === undefined ? null : folder,
  });
}

const actorOf = ({ tenant }: EvaluateFlags): Actor => ({ tenant, id: 'cli' });

/** An evaluation by hand is a run like any other: `allot promote` and the overview find it. */
async function recorded(
  { tenant }: EvaluateFlags,
  { runs }: AllStores,
  id: string,
  work: () => Promise<Evaluated>,
): Promise<Evaluated> {
  const { evaluationReport } = await import('../../../offline/reports/evaluation-report.ts');
  await runs.start(tenant, id);
  try {
    const result = await work();
    await runs.finish(tenant, id, { result: { ...result }, reportHtml: evaluationReport(result) });
    return result;
  } catch (error) {
    const { code, message } = safeFailure(error);
    await runs.finish(tenant, id, { error: `${code}: ${message}` });
    throw error;
  }
}

const isRefusedThroughout = ({ report }: EvaluationResult): boolean => report.estimates.every(isRefusal);

async function storedQuestion(id: string, { tenant }: EvaluateFlags, { runs }: AllStores): Promise<Question> {
  const run = await runs.find(tenant, id);
  if (run === undefined) throw new AllotError('run_unknown', `there is no run ${id}`);
  return { id, surface: run.surface, config: run.config, until: run.createdAt };
}

function askedFor(flags: EvaluateFlags): Question {
  if (flags.surface === undefined || flags.policy === undefined) {
    throw new AllotError(
      'invalid_request',
      '--surface and --policy are needed unless --run names a stored run',
    );
  }
  const { resamples, seed, champion, snapshot, behaviorVersion, clip } = flags;
  const config = {
    policyVersion: flags.policy,
    resamples,
    seed,
    ...(champion === undefined ? {} : { champion }),
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(behaviorVersion === undefined ? {} : { behaviorVersions: [...behaviorVersion] }),
    ...(clip === undefined ? {} : { clip }),
  };
  return { id: randomUUID(), surface: flags.surface, config, until: Date.now() };
}
