import type { Command } from 'commander';
import { isRefusal } from '../../core/ope/report.ts';
import { exitCodes } from '../exit-codes.ts';
import { defineOptions } from '../ope/define-options.ts';
import type { OpeFlags } from '../ope/flags.ts';
import { opeHelp } from '../ope/help.ts';
import { isSnapshotFolder, load } from '../ope/load.ts';
import { questionOf } from '../ope/question.ts';
import { renderResult } from '../ope/render.ts';
import { print, printJson } from '../output.ts';

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

async function run(path: string, flags: OpeFlags): Promise<void> {
  const question = questionOf(flags, isSnapshotFolder(path));
  const loaded = await load(path, flags, question);
  const { askLog } = await import('../../../offline/ope/answer.ts');
  const result = askLog(loaded, question);
  if (flags.json === true) printJson(result);
  else print(renderResult(result));
  process.exitCode = result.estimates.every(isRefusal) ? exitCodes.refusal : exitCodes.ok;
}
