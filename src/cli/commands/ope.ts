import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { OpeQuestion } from '../../../offline/ope/question.ts';
import { isRefusal } from '../../core/ope/report.ts';
import { exitCodes } from '../exit-codes.ts';
import { defineOptions } from '../ope/define-options.ts';
import type { OpeFlags } from '../ope/flags.ts';
import { opeHelp } from '../ope/help.ts';
import { isSnapshotFolder, load } from '../ope/load.ts';
import { questionOf } from '../ope/question.ts';
import { renderResult } from '../ope/render.ts';
import { print, printJson } from '../output.ts';
import { createProgress } from '../progress.ts';

export function register(program: Command): void {
  const command = program
    .command('ope')
    .description('value a policy from the log of another one (off-policy evaluation)')
    .argument(
      '<log>',
      'a .csv, .jsonl (both also .gz) or .parquet file, a row per decision; or a snapshot folder',
    );
  defineOptions(command);
  command.addHelpText('after', opeHelp).action(run);
}

/** A self-test takes as long as hundreds of evaluations: it says how far it is. */
function withProgress(question: OpeQuestion, responses: number, { json }: OpeFlags): OpeQuestion {
  const { selfTest } = question;
  if (selfTest === undefined) return question;
  const progress = createProgress({ quiet: json === true });
  const total = responses * selfTest.replicates;
  progress.step(`self-test: ${selfTest.replicates} replicates per response`, total);
  let done = 0;
  const advance = (): void => {
    progress.advance();
    if (++done === total) progress.done();
  };
  return { ...question, selfTest: { ...selfTest, progress: advance } };
}

async function run(path: string, flags: OpeFlags): Promise<void> {
  const question = questionOf(flags, isSnapshotFolder(path));
  const loaded = await load(path, flags, question);
  const { askLog } = await import('../../../offline/ope/answer.ts');
  const result = askLog(loaded, withProgress(question, loaded.log.responses.size, flags));
  if (flags.html !== undefined) {
    const { htmlReport } = await import('../../../offline/ope/html-report.ts');
    await writeFile(flags.html, htmlReport(loaded, question, result));
  }
  if (flags.json === true) printJson(result);
  else print(renderResult(result, flags.html));
  process.exitCode = result.estimates.every(isRefusal) ? exitCodes.refusal : exitCodes.ok;
}
