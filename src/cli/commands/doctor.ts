import type { Command } from 'commander';
import { readConfig } from '../../config/env.ts';
import { checkBrokers } from '../doctor/brokers.ts';
import * as checks from '../doctor/checks.ts';
import { checkDatabase } from '../doctor/database.ts';
import { checkDataDir, checkJournal } from '../doctor/folders.ts';
import { checkArtifactKeys } from '../doctor/artifact-keys.ts';
import type { Finding } from '../doctor/finding.ts';
import { checkUnitNames } from '../doctor/unit-names.ts';
import { exitCodes } from '../exit-codes.ts';
import { print, printJson } from '../output.ts';

export function register(program: Command): void {
  program
    .command('doctor')
    .description('check this installation and say what to do')
    .option('--json', 'one array of findings on standard output')
    .addHelpText(
      'after',
      `
Looks at Node, the settings, the data directory, the secrets, the journal, the database (schema, rights, partitions, a
direct connection), the brokers (log-in and topics) and the training backend. Changes nothing. Exit code 0 when all of it works (warnings included), 1 otherwise, 2 when a setting
breaks a rule.

Examples:
  allot doctor
  DATABASE_URL=postgres://allot@db/allot KAFKA_BROKERS=broker:9092 allot doctor`,
    )
    .action(doctor);
}

async function doctor(options: { readonly json?: boolean }): Promise<void> {
  const config = readConfig();
  const findings: Finding[] = [
    checks.checkNode(process.versions.node),
    checkDataDir(config.dataDir),
    checks.checkSecrets(config),
    checkArtifactKeys(config),
    checkJournal(config.journal),
    ...(await checkDatabase(config)),
    await checkUnitNames(config),
    await checkBrokers(config.kafka),
    await checks.checkTrainingBackend(),
  ];
  if (options.json === true) printJson(findings);
  else print(findings.map(asText).join('\n'));
  if (findings.some(({ state }) => state === 'failure')) process.exitCode = exitCodes.failure;
}

const marks = { ok: 'ok     ', warning: 'warning', failure: 'FAILURE' } as const;

function asText({ check, state, found, advice }: Finding): string {
  const line = `${marks[state]}  ${check.padEnd(14)}  ${found}`;
  return advice === null ? line : `${line}\n${' '.repeat(25)}→ ${advice}`;
}
