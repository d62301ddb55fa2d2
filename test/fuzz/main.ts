import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAllot } from '../../src/cli/local/start-allot.ts';
import { createClient } from '../../src/client/client.ts';
import { readConfig } from '../../src/config/env.ts';
import { encodeArtifact } from '../../src/core/policy/codec.ts';
import { fixedPolicyArtifact } from '../../src/core/policy/policy.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';
import { liveFeed } from '../support/api-world.ts';
import { fuzzApi, fuzzTable, liveFeedHints } from '../support/fuzz/fuzz-api.ts';

/**
 * `npm run fuzz -- [requests per route] [seed]`: the fuzzing of the suite for longer, on the whole service with its real
 * database; then schemathesis from PyPI, where Python has it. Exit code 1 for any unexpected answer.
 */
const [perRoute = 1000, seed = Date.now() % 1_000_000_000] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), 'allot-fuzz-'));
const read = readConfig({ ALLOT_DATA_DIR: folder, ALLOT_RATE_LIMITS: 'admin=unlimited' });
const config = { ...read, http: { ...read.http, port: 0 } };
const allot = await startAllot(config, { logger: silentLogger });
const agent = new Agent({ keepAlive: true, maxSockets: 8 });
let isClean: boolean;
try {
  const { adminKey } = await allot.ready;
  const key = adminKey ?? '';
  const decisionId = await prepare(allot.url, key);
  process.stdout.write(`seed ${String(seed)}\n`);
  const tallies = await fuzzApi({ url: allot.url, key, agent, perRoute, seed, ...liveFeedHints(decisionId) });
  process.stdout.write(`${fuzzTable(tallies)}\n`);
  for (const { route, unexpected } of tallies)
    for (const found of unexpected.slice(0, 3)) process.stdout.write(`${route} ${JSON.stringify(found)}\n`);
  isClean =
    tallies.every(({ unexpected }) => unexpected.length === 0) && (await schemathesis(allot.url, key));
} finally {
  agent.destroy();
  await allot.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = isClean ? 0 : 1;

async function prepare(url: string, key: string): Promise<string> {
  const client = createClient({ url, key });
  const surface = await client.declareSurface('live-feed', liveFeed);
  const { version } = await client.publishPolicy(encodeArtifact(fixedPolicyArtifact(surface, [0.5, 0.5])));
  await client.setAlias('live-feed', 'champion', version);
  const answer = await client.decide({
    requestId: 'r',
    surface: 'live-feed',
    unitId: 'u-1',
    features: { hour: 1 },
  });
  return answer.decisionId;
}

/** True where it found nothing, or could not run: then it says so. Not spawnSync: the service answers in this process. */
async function schemathesis(url: string, key: string): Promise<boolean> {
  const home = join(import.meta.dirname, '..', '..', '.cache', 'schemathesis');
  const program = join(home, 'bin', 'schemathesis');
  if (!existsSync(program)) {
    await run('python3', ['-m', 'venv', home]);
    await run(join(home, 'bin', 'pip'), ['install', '-q', 'schemathesis']);
  }
  if (!existsSync(program)) {
    process.stdout.write('SKIPPED: schemathesis cannot be installed here (python3 -m venv, pip)\n');
    return true;
  }
  const checks = ['--checks', 'not_a_server_error', '-n', String(Math.min(100, perRoute))];
  const header = ['-H', `Authorization: Bearer ${key}`];
  return (await run(program, ['run', `${url}/openapi.json`, ...header, ...checks])) === 0;
}

function run(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'inherit' });
    child.on('error', () => resolve(127));
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
