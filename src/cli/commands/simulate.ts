import { Option, type Command } from 'commander';
import type { TrueValue } from '../../simulation/true-value.ts';
import { note, print, printJson, table } from '../output.ts';
import { closedUnit, positiveInteger, wholeNumber } from '../parse-numbers.ts';

interface SimulateFlags {
  readonly world?: string;
  readonly policy: string;
  readonly units: number;
  readonly seed: number;
  readonly floor?: number | true;
  readonly day?: number;
  readonly surface?: string;
  readonly log?: string;
  readonly logUnits?: number;
  readonly schema?: true;
  readonly json?: true;
}

const help = `
The world is pure and seeded: the same world, policy, units and seed print the same numbers, and two policies with
the same seed meet the same units, candidates and noise (common random numbers), so their difference is far more
exact than either value. Everything a world may say is explained in docs/worlds.md; ready ones are in docs/worlds/.

--policy takes a policy artifact (what \`allot train\` exports), served as the product serves it: features are checked,
encoded, run through the network; an action without a candidate is not eligible. Or one of
  always-null       never a live stream            behaviour  the policy that fills the world's log
  always-allocate   always one, any position       uniform    every action alike
An artifact is served bare. --floor adds the exploration floor of the surface (0.1), --floor 0.05 another one.

--log writes what the *behaviour* policy would have logged, with the probabilities of --policy beside it (pi_0, pi_1, …),
so that an off-policy estimate can be held against the truth:
  allot simulate --policy pilot.policy --units 20000 --seed 7 --log log.parquet
  allot ope log.parquet --action action --propensity propensity --reward watch_seconds --unit unit \\
    --behavior-distribution mu_ --evaluation-distribution pi_

Examples:
  allot simulate --policy always-null
  allot simulate --units 8000 --seed 1 --log log.csv
  allot simulate --world docs/worlds/fatigue-heavy.json --policy behaviour --units 20000 --seed 1 --json
  allot simulate --schema > world.schema.json

Exit codes: 0 answered, 2 a file, flag or field breaks a rule (each one is named).`;

export function register(program: Command): void {
  program
    .command('simulate')
    .description('true values of a policy in a simulated feed world, and logs to practise on')
    .option('--world <file>', 'JSON file of the world (default: the default world)')
    .option(
      '--policy <policy>',
      'artifact file, always-null, always-allocate, behaviour or uniform',
      'behaviour',
    )
    .option('--units <n>', 'units to follow', positiveInteger, 5000)
    .option('--seed <n>', 'seed of the world', wholeNumber, 0)
    .option(
      '--floor [share]',
      'serve with an exploration floor (without a number: the surface’s)',
      closedUnit,
    )
    .option('--day <n>', 'all units arrive on this day: what drift has made of the world', wholeNumber)
    .option('--surface <name>', 'refuse an artifact of another surface (default: whichever it names)')
    .option('--log <file>', 'also write the behaviour log: .csv, .jsonl or .parquet')
    .option('--log-units <n>', 'units of that log (default: --units)', positiveInteger)
    .addOption(new Option('--schema', 'print the JSON Schema of worlds and do nothing else'))
    .option('--json', 'one object on standard output')
    .addHelpText('after', help)
    .action(simulate);
}

async function simulate(flags: SimulateFlags): Promise<void> {
  if (flags.schema === true) {
    const { worldJsonSchema } = await import('../../simulation/json-schema.ts');
    printJson(worldJsonSchema());
    return;
  }
  const { readWorld } = await import('../simulate/world-file.ts');
  const { choosePolicy } = await import('../simulate/policy.ts');
  const { checkLogFormat } = await import('../simulate/log-file.ts');
  const { trueValuesOf } = await import('../../simulation/true-value.ts');
  const { createRandom } = await import('../../core/math/random.ts');
  if (flags.log !== undefined) checkLogFormat(flags.log);
  const world = await readWorld(flags.world);
  const floor = flags.floor === undefined ? null : flags.floor === true ? 0.1 : flags.floor;
  const policy = await choosePolicy(world, { policy: flags.policy, floor, surface: flags.surface ?? null });
  const values = trueValuesOf(world, policy, {
    units: flags.units,
    random: createRandom(flags.seed),
    ...(flags.day === undefined ? {} : { day: flags.day }),
  });
  await log(flags, world, policy);
  if (flags.json === true) printJson(answer(flags, world.name, floor, values));
  else print(describe(flags, world.name, values));
}

async function log(
  { log: file, logUnits, units, seed }: SimulateFlags,
  world: Parameters<typeof import('../../simulation/actions.ts').actionsOf>[0],
  policy: Parameters<typeof import('../simulate/log-file.ts').writeLog>[3],
): Promise<void> {
  if (file === undefined) return;
  const { writeLog } = await import('../simulate/log-file.ts');
  const { actionsOf } = await import('../../simulation/actions.ts');
  const { simulateRows } = await import('../../simulation/log.ts');
  const rows = simulateRows(world, { units: logUnits ?? units, seed });
  note(
    `${await writeLog(file, actionsOf(world), rows, policy)} decisions of the behaviour policy in ${file}`,
  );
}

function answer(
  flags: SimulateFlags,
  world: string,
  floor: number | null,
  all: ReadonlyMap<string, TrueValue>,
) {
  const [first] = all.values();
  const values = [...all].map(([name, { value, standardError, perSession, perUnit }]) => [
    name,
    { value, standardError, perSession, perUnit },
  ]);
  return {
    world,
    policy: flags.policy,
    floor,
    units: flags.units,
    seed: flags.seed,
    decisions: first.decisions,
    sessions: first.sessions,
    values: Object.fromEntries(values) as Record<string, unknown>,
  };
}

function describe(flags: SimulateFlags, world: string, all: ReadonlyMap<string, TrueValue>): string {
  const [first] = all.values();
  const shown = ({ value, standardError }: { value: number; standardError: number }): string => {
    const digits =
      standardError > 0 ? Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(standardError)))) : 0;
    return `${value.toFixed(digits)} ± ${standardError.toFixed(digits)}`;
  };
  const rows = [...all].map(([name, v]) => [name, shown(v), shown(v.perSession), shown(v.perUnit)]);
  return [
    `True values of ${flags.policy} in the world "${world}", seed ${flags.seed} (± one standard error)`,
    `${first.units} units, ${first.sessions} sessions, ${first.decisions} decisions`,
    '',
    table(['response', 'per decision', 'per session', 'per unit'], rows),
  ].join('\n');
}
