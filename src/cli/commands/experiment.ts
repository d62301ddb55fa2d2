import type { Command } from 'commander';
import { AllotError } from '../../core/errors.ts';
import {
  describeExperiment,
  describeForecasts,
  describeLook,
  describeShadows,
  experimentRows,
} from '../experiment/render.ts';
import { experimentHelp, fileHelp, planHelp, selectionHelp } from '../experiment/help.ts';
import { planText, plan, type PlanFlags } from '../experiment/plan.ts';
import { withExperiments, type ExperimentDesk } from '../experiment/desk.ts';
import { readDocument } from '../experiment/read-file.ts';
import { questionOf, questionsOf, selectionAnswer, selectionText } from '../experiment/selection.ts';
import { print, printJson } from '../output.ts';
import * as number from '../parse-numbers.ts';

export function register(program: Command): void {
  const experiment = program
    .command('experiment')
    .description('create, start, watch and end experiments; plan one; forecasts and shadows')
    .addHelpText('after', experimentHelp);
  const bare: AddCommand = (name, summary) =>
    experiment.command(name).description(summary).option('--json', 'one object on standard output');
  const add: AddCommand = (name, summary) =>
    bare(name, summary).option('--tenant <name>', 'whose experiment', 'default');
  addChanges(add);
  addReadings(add);
  planOptions(
    bare('plan', 'units, days and smallest detectable effect, for a fixed look and for looking all the time'),
  ).action(showPlan);
}

type AddCommand = (name: string, summary: string) => Command;

function addChanges(add: AddCommand): void {
  add('create <file>', 'a draft from a YAML or JSON file (- reads standard input)')
    .addHelpText('after', fileHelp)
    .action(create);
  add('revise <file>', 'declare it anew; refused where it would move units to another side')
    .addHelpText('after', fileHelp)
    .action(revise);
  add('start <id>', 'start a draft, resume a paused one, or widen a running one')
    .option('--share <share>', 'widen to this share of the units', number.halfOpenUnit)
    .option('--reason <text>', 'for the audit log')
    .action(start);
  for (const [name, summary] of Object.entries(endings))
    add(`${name} <id>`, summary)
      .option('--reason <text>', 'for the audit log')
      .action(ending(name as Ending));
  add('approve <id>', 'agree as a second key')
    .requiredOption('--as <key>', 'id of an admin key that did not create it')
    .option('--promote', 'agree to the promotion, not to the start')
    .option(
      '--widen <share>',
      'agree that another key widens it to this share of the units',
      number.halfOpenUnit,
    )
    .action(approve);
  add('promote <id>', 'make the treatment of a decided experiment the champion, and stop it')
    .option('--variant <name>', 'which treatment')
    .option('--reason <text>', 'for the audit log')
    .action(promote);
}

function addReadings(add: AddCommand): void {
  add('status [id]', 'all experiments, or one with its newest look')
    .option('--surface <name>', 'only of this surface')
    .action(status);
  add('look <id>', 'look now, store the look, and say what the controller would do').action(look);
  add('forecasts', 'offline forecasts beside what experiments measured')
    .option('--surface <name>', 'only of this surface')
    .action(forecasts);
  add('selection [file]', 'did offline estimates choose well? regret@k, rank correlation, SharpeRatio@k')
    .option('--surface <name>', 'without a file: only forecasts of this surface')
    .option('--top <k>', 'portfolios of the 1 … k best by estimate', number.positiveInteger, 3)
    .addHelpText('after', selectionHelp)
    .action(selection);
  add('shadows', 'what versions behind shadow aliases would have done')
    .option('--surface <name>', 'only of this surface')
    .action(shadows);
}

const endings = {
  pause: 'send every unit to the champion until it is started again; sides are kept',
  stop: 'end it for good: every unit is on the champion again',
  rollback: 'end it because something is wrong',
} as const;
type Ending = keyof typeof endings;

interface Flags {
  readonly tenant: string;
  readonly json?: true;
  readonly reason?: string;
  readonly surface?: string;
}

const reasonOf = ({ reason }: Flags): Record<string, string> => (reason === undefined ? {} : { reason });

/** Runs on the configured database; deciders hear of a change by themselves, within seconds. */
async function answer<T>(
  flags: Flags,
  ask: (desk: ExperimentDesk) => Promise<T>,
  text: (value: T) => string,
  id?: string,
): Promise<void> {
  const value = await withExperiments(flags.tenant, ask).catch((error: unknown) => {
    if (id === undefined || !(error instanceof AllotError) || error.code !== 'experiment_unknown')
      throw error;
    const message = `there is no experiment ${id}; \`allot experiment status\` lists them`;
    throw new AllotError('experiment_unknown', message, { cause: error });
  });
  if (flags.json === true) printJson(value);
  else print(text(value));
}

const create = (file: string, flags: Flags): Promise<void> =>
  answer(
    flags,
    async (desk) => desk.experiments.create(await readDocument(file), desk.principal),
    describeExperiment,
  );

const revise = (file: string, flags: Flags): Promise<void> =>
  answer(
    flags,
    async (desk) => {
      const body = await readDocument(file);
      const isNamed = typeof body === 'object' && body !== null && 'name' in body;
      if (!isNamed)
        throw new AllotError('invalid_request', `${file}: name: must be the experiment to revise`);
      return await desk.experiments.revise(String(body.name), body, desk.principal);
    },
    describeExperiment,
  );

const start = (id: string, flags: Flags & { readonly share?: number }): Promise<void> => {
  const body = { ...reasonOf(flags), ...(flags.share === undefined ? {} : { trafficShare: flags.share }) };
  return answer(flags, (desk) => desk.experiments.start(id, body, desk.principal), describeExperiment, id);
};

const ending =
  (name: Ending) =>
  (id: string, flags: Flags): Promise<void> => {
    const end = (desk: ExperimentDesk) => desk.experiments[name](id, reasonOf(flags), desk.principal);
    return answer(flags, end, describeExperiment, id);
  };

const approve = (
  id: string,
  flags: Flags & { readonly as: string; readonly promote?: true; readonly widen?: number },
): Promise<void> => {
  const { promote: isPromotion, widen } = flags;
  if (isPromotion === true && widen !== undefined)
    throw new AllotError('invalid_request', '--promote and --widen: one at a time');
  const widening = widen === undefined ? { purpose: 'start' } : { purpose: 'widen', trafficShare: widen };
  const body = isPromotion === true ? { purpose: 'promote' } : widening;
  const agree = async (desk: ExperimentDesk) =>
    desk.experiments.approve(id, body, await desk.principalOfKey(flags.as));
  return answer(flags, agree, describeExperiment, id);
};

const promote = (id: string, flags: Flags & { readonly variant?: string }): Promise<void> => {
  const body = { ...reasonOf(flags), ...(flags.variant === undefined ? {} : { variant: flags.variant }) };
  return answer(flags, (desk) => desk.experiments.promote(id, body, desk.principal), describeExperiment, id);
};

const status = (id: string | undefined, flags: Flags): Promise<void> =>
  id === undefined
    ? answer(
        flags,
        async (desk) => ({ experiments: await desk.experiments.list(desk.principal, flags.surface) }),
        ({ experiments }) => experimentRows(experiments, flags.surface),
      )
    : answer(
        flags,
        async (desk) => {
          const experiment = await desk.experiments.find(id, desk.principal);
          const { looks, stored } = await desk.experiments.looks(id, desk.principal, { limit: 1 });
          return { experiment, looks: stored, newest: looks.at(0) ?? null };
        },
        ({ experiment, looks, newest }) =>
          [
            describeExperiment(experiment),
            `looks stored: ${String(looks)}${newest === null ? '' : '; the newest:'}`,
            ...(newest === null ? [] : [describeLook(newest)]),
          ].join('\n'),
        id,
      );

const look = (id: string, flags: Flags): Promise<void> =>
  answer(
    flags,
    (desk) => desk.look(id),
    ({ looks, action }) => [...looks.map(describeLook), `next: ${action.kind} (${action.reason})`].join('\n'),
    id,
  );

const forecasts = (flags: Flags): Promise<void> =>
  answer(flags, (desk) => desk.forecasts(flags.surface), describeForecasts);

async function selection(file: string | undefined, flags: Flags & { readonly top: number }): Promise<void> {
  const questions =
    file === undefined
      ? questionsOf((await withExperiments(flags.tenant, (desk) => desk.forecasts(flags.surface))).forecasts)
      : [questionOf(await readDocument(file))];
  const selections = questions.map((question) => selectionAnswer(question, flags.top));
  if (flags.json === true) printJson({ selections });
  else print(selectionText(selections));
}

const shadows = (flags: Flags): Promise<void> =>
  answer(flags, async (desk) => ({ shadows: await desk.shadows(flags.surface) }), describeShadows);

const planOptions = (command: Command): Command =>
  command
    .option('--mean <x>', 'mean of a unit’s outcome on control: effects as a share of it', number.finite)
    .option('--sd <x>', 'standard deviation of a unit’s outcome', number.positive)
    .option('--effect <x>', 'the effect to find, in the outcome’s unit', number.finite)
    .option('--units <n>', 'instead: the smallest effect that this many units find', number.positiveInteger)
    .option(
      '--units-per-day <n>',
      'new units a day on the surface: how many days that takes',
      number.positive,
    )
    .option('--share <share>', 'of the units in the experiment', number.halfOpenUnit, 0.5)
    .option('--window-days <days>', 'outcome window', number.notNegative, 0)
    .option('--alpha <x>', 'error, two-sided', number.openUnit, 0.05)
    .option('--power <x>', 'chance to find it', number.openUnit, 0.8)
    .option('--looks <n>', 'looks of the sequential test, at most 1000', number.positiveInteger, 20)
    .addHelpText('after', planHelp);

function showPlan(flags: PlanFlags & { readonly json?: true }): void {
  const answered = plan(flags);
  if (flags.json === true) printJson(answered);
  else print(planText(answered));
}
