import { Command } from 'commander';
import { commandTable } from './command-table.ts';
import { allotVersion } from './version.ts';

const examples = `
Examples:
  allot demo                            see the whole loop in about two minutes
  allot start                           serve on http://127.0.0.1:8787, data under ./.allot
  allot keys create --role decider      make a key for the feed backend
  allot ope log.csv --action a --reward r --propensity p --evaluation-probability pi
  allot doctor                          check this machine and the settings

Settings are environment variables: docs/operations.md lists them.
Exit codes: 0 done, 1 failed, 2 bad input, 3 the log does not support an answer.`;

/**
 * Builds the program for one command line. Only the command that is asked for is loaded, with its options; the
 * others are listed by name, so that help and start stay fast.
 */
export async function createProgram(argv: readonly string[]): Promise<Command> {
  const asked = argv.find((word) => !word.startsWith('-'));
  const wanted = asked === 'help' ? argv[argv.indexOf('help') + 1] : asked;
  const isKnown = commandTable.some(({ name }) => name === wanted);
  const program = new Command('allot')
    .description(
      'Decide, log, learn under constraints, judge off-policy, promote, experiment: a self-hosted decision service.',
    )
    .version(allotVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help; `allot <command> --help` explains one command')
    .addHelpText('after', examples)
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .showHelpAfterError(`(run \`allot ${isKnown ? `${String(wanted)} ` : ''}--help\` for examples)`)
    .showSuggestionAfterError();
  for (const { name, summary, load } of commandTable) {
    if (name === wanted) (await load()).register(program);
    else program.command(name).description(summary).allowUnknownOption().argument('[args...]');
  }
  return program;
}
