import type { Command } from 'commander';
import { AllotError } from '../../core/errors.ts';
import {
  describeExperiment,
  describeForecasts,
  describeLook,
  describeShadows,
  experimentRows,
} from '../experiment/render.ts';
import { planText, plan, type PlanFlags } from '../experiment/plan.ts';
import { withExperiments, type ExperimentDesk } from '../experiment/desk.ts';
import { print, printJson } from '../output.ts';

const EXAMPLE = `
An experiment file (YAML or JSON; everything but surface, name and variants has a default):

  surface: live-feed
  name: tscac-vs-champion
  variants:
    - { name: control, role: control, alias: champion }      # pinned when it starts
    - { name: treatment, role: treatment, policyVersion: live-feed@42 }
  ramp: default                # 1-5-10-25-50 %, a day and 200 units each; or { steps: [...] }
  holdoutShare: 0.02           # kept on the champion and out of every experiment
  heldOutShare: 0.1            # in the experiment, seen by no look before the decision
  metrics:                     # default: main response, guarded auxiliaries and constraints of the surface
    - { name: watch, role: main, source: { response: watch }, rule: { kind: improve } }
    - { name: hides, role: guardrail, source: { response: hide }, rule: { kind: not-worse, better: lower, margin: 0.002 } }
    - { name: skips, role: signal, source: { response: skip }, rule: { kind: not-worse, better: lower, margin: 0.01 } }
  health: { onFailure: hold }  # or roll-back
  isApprovalNeeded: false      # true: a second key must agree

What happens then: the controller looks every 30 s. A broken split or pipeline blocks the verdict and holds the ramp; a guardrail
proven bad rolls back at once; a signal proven bad pauses; a passed verdict decides. Nobody ever changes side.

Examples:
  allot experiment create tscac.yaml && allot experiment start tscac-vs-champion
  allot experiment status tscac-vs-champion
  allot experiment plan --mean 28 --sd 45 --effect 0.5 --units-per-day 20000 --share 0.5
  allot experiment forecasts --surface live-feed --json`;

export function register(program: Command): void {
  const experiment = program
    .command('experiment')
    .description('create, start, watch and end experiments; plan one; forecasts and shadows')
    .addHelpText('after', EXAMPLE);
  const add = (name: string, summary: string): Command =>
    experiment
      .command(name)
      .description(summary)
      .option('--tenant <name>', 'whose experiment', 'default')
      .option('--json', 'one object on standard output');
  add('create <file>', 'a draft from a YAML or JSON file (- reads standard input)').action(create);
  add('revise <file>', 'declare it anew; refused where it would move units to another side').action(revise);
  add('start <id>', 'start a draft, resume a paused one, or widen a running one')
    .option('--share <share>', 'widen to this share of the units, in (0, 1]', Number)
    .option('--reason <text>', 'for the audit log')
    .action(start);
  for (const [name, summary] of Object.entries(endings))
    add(`${name} <id>`, summary)
      .option('--reason <text>', 'for the audit log')
      .action(ending(name as Ending));
  add('approve <id>', 'agree as a second key')
    .requiredOption('--as <key>', 'id of an admin key that did not create it')
    .option('--promote', 'agree to the promotion, not to the start')
    .action(approve);
  add('promote <id>', 'make the treatment of a decided experiment the champion, and stop it')
    .option('--variant <name>', 'which treatment')
    .option('--reason <text>', 'for the audit log')
    .action(promote);
  add('status [id]', 'all experiments, or one with its newest look')
    .option('--surface <name>', 'only of this surface')
    .action(status);
  add('look <id>', 'look now, store the look, and say what the controller would do').action(look);
  planOptions(
    add('plan', 'units, days and smallest detectable effect, for a fixed look and for looking all the time'),
  ).action(showPlan);
  add('forecasts', 'offline forecasts beside what experiments measured')
    .option('--surface <name>', 'only of this surface')
    .action(forecasts);
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
): Promise<void> {
  const value = await withExperiments(flags.tenant, ask);
  if (flags.json === true) printJson(value);
  else print(text(value));
}

const create = (file: string, flags: Flags): Promise<void> =>
  answer(
    flags,
    async (desk) => desk.experiments.create(await desk.read(file), desk.principal),
    describeExperiment,
  );

const revise = (file: string, flags: Flags): Promise<void> =>
  answer(
    flags,
    async (desk) => {
      const body = await desk.read(file);
      const id = typeof body === 'object' && body !== null && 'name' in body ? String(body.name) : '';
      return await desk.experiments.revise(id, body, desk.principal);
    },
    describeExperiment,
  );

const start = (id: string, flags: Flags & { readonly share?: number }): Promise<void> => {
  if (flags.share !== undefined && !(flags.share > 0 && flags.share <= 1))
    throw new AllotError('invalid_request', '--share: must be in (0, 1]');
  const body = { ...reasonOf(flags), ...(flags.share === undefined ? {} : { trafficShare: flags.share }) };
  return answer(flags, (desk) => desk.experiments.start(id, body, desk.principal), describeExperiment);
};

const ending =
  (name: Ending) =>
  (id: string, flags: Flags): Promise<void> =>
    answer(flags, (desk) => desk.experiments[name](id, reasonOf(flags), desk.principal), describeExperiment);

const approve = (
  id: string,
  flags: Flags & { readonly as: string; readonly promote?: true },
): Promise<void> =>
  answer(
    flags,
    async (desk) => {
      const purpose = flags.promote === true ? 'promote' : 'start';
      return await desk.experiments.approve(id, { purpose }, await desk.principalOfKey(flags.as));
    },
    describeExperiment,
  );

const promote = (id: string, flags: Flags & { readonly variant?: string }): Promise<void> =>
  answer(
    flags,
    (desk) =>
      desk.experiments.promote(
        id,
        { ...reasonOf(flags), ...(flags.variant === undefined ? {} : { variant: flags.variant }) },
        desk.principal,
      ),
    describeExperiment,
  );

const status = (id: string | undefined, flags: Flags): Promise<void> =>
  id === undefined
    ? answer(
        flags,
        async (desk) => ({ experiments: await desk.experiments.list(desk.principal, flags.surface) }),
        ({ experiments }) => experimentRows(experiments),
      )
    : answer(
        flags,
        async (desk) => {
          const experiment = await desk.experiments.find(id, desk.principal);
          const looks = await desk.experiments.looks(id, desk.principal);
          return { experiment, looks: looks.length, newest: looks.at(-1) ?? null };
        },
        ({ experiment, looks, newest }) =>
          [
            describeExperiment(experiment),
            `${String(looks)} looks${newest === null ? '' : '; the newest:'}`,
            ...(newest === null ? [] : [describeLook(newest)]),
          ].join('\n'),
      );

const look = (id: string, flags: Flags): Promise<void> =>
  answer(
    flags,
    (desk) => desk.look(id),
    ({ looks, action }) => [...looks.map(describeLook), `next: ${action.kind} (${action.reason})`].join('\n'),
  );

const forecasts = (flags: Flags): Promise<void> =>
  answer(flags, (desk) => desk.forecasts(flags.surface), describeForecasts);

const shadows = (flags: Flags): Promise<void> =>
  answer(flags, async (desk) => ({ shadows: await desk.shadows(flags.surface) }), describeShadows);

const planOptions = (command: Command): Command =>
  command
    .option('--mean <x>', 'mean of a unit’s outcome on control', Number)
    .option('--sd <x>', 'standard deviation of a unit’s outcome', Number)
    .option('--effect <x>', 'the effect to find, in the outcome’s unit', Number)
    .option('--units <n>', 'instead: the smallest effect that this many units find', Number)
    .option('--units-per-day <n>', 'new units a day on the surface', Number)
    .option('--share <share>', 'of the units in the experiment', Number, 0.5)
    .option('--window-days <days>', 'outcome window', Number, 0)
    .option('--alpha <x>', 'error, two-sided', Number, 0.05)
    .option('--power <x>', 'chance to find it', Number, 0.8)
    .option('--looks <n>', 'looks of the sequential test', Number, 20);

function showPlan(flags: PlanFlags & { readonly json?: true }): void {
  const answered = plan(flags);
  if (flags.json === true) printJson(answered);
  else print(planText(answered));
}
