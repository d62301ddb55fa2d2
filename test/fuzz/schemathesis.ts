import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What exists in the service under test. */
export interface Known {
  readonly decisionId: string;
  readonly surface: string;
  readonly policyVersion: string;
  readonly experiment: string;
  readonly runId: string;
}

const home = join(import.meta.dirname, '..', '..', '.cache', 'schemathesis');
const program = join(home, 'bin', 'schemathesis');

/**
 * Lets schemathesis (PyPI) loose on `openapi.json` with all of its checks but one; true where it found something. Where it cannot
 * be installed it says so. Not `spawnSync`: the service answers in this process.
 *
 * Left out: `positive_data_acceptance`. A JSON Schema cannot say that an id was issued here, that an artifact's bytes are whole or
 * that a surface's caps name its actions, so a request by the schema may be refused.
 */
export async function schemathesis(options: {
  readonly url: string;
  readonly key: string;
  /** For its settings. */
  readonly folder: string;
  /** Per operation and phase, at most. */
  readonly cases: number;
  readonly seed: number;
  readonly known: Known;
}): Promise<boolean> {
  if (!existsSync(program)) {
    await run('python3', ['-m', 'venv', home]);
    await run(join(home, 'bin', 'pip'), ['install', '-q', 'schemathesis']);
  }
  if (!existsSync(program)) {
    process.stdout.write('SKIPPED: schemathesis cannot be installed here (python3 -m venv, pip)\n');
    return false;
  }
  const settings = join(options.folder, 'schemathesis.toml');
  writeFileSync(settings, settingsText(options.known));
  const args = [
    ...['--config-file', settings, 'run', `${options.url}/openapi.json`],
    ...['-H', `Authorization: Bearer ${options.key}`, '--seed', String(options.seed)],
    ...['-n', String(options.cases), '--continue-on-failure', '--warnings', 'off', '--no-color'],
  ];
  // It leaves its examples where it runs.
  return (await run(program, args, options.folder)) !== 0;
}

/** Ids of things that exist, so that requests get behind "there is no such". */
function settingsText({ decisionId, surface, policyVersion, experiment, runId }: Known): string {
  const by = (pattern: string, parameter: string, value: string): string =>
    `[[operations]]\ninclude-path-regex = '${pattern}'\nparameters = { 'path.${parameter}' = '${value}' }\n`;
  return [
    // Named on the command line, checks would apply everywhere, whatever stands below.
    `[checks]\npositive_data_acceptance.enabled = false\n`,
    by('^/v1/decisions/', 'id', decisionId),
    by('^/v1/surfaces/', 'name', surface),
    by('^/v1/policies/', 'version', policyVersion),
    by('^(/v1)?/experiments/', 'id', experiment),
    by('^/v1/(training|evaluation)-runs/', 'id', runId),
    // A batch is answered whole: a request in it that breaks a rule is refused inside the answer.
    `[[operations]]\ninclude-path = '/v1/decisions:batch'\nchecks = { negative_data_rejection = { enabled = false } }\n`,
  ].join('\n');
}

function run(command: string, args: readonly string[], cwd = '.'): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'inherit', cwd });
    child.on('error', () => resolve(127));
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
