import { mkdtempSync, rmSync } from 'node:fs';
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
import { schemathesis, type Known } from './schemathesis.ts';

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
  const known = await prepare(allot.url, key);
  process.stdout.write(`seed ${String(seed)}\n`);
  const hints = liveFeedHints(known.decisionId);
  const tallies = await fuzzApi({ url: allot.url, key, agent, perRoute, seed, ...hints });
  process.stdout.write(`${fuzzTable(tallies)}\n`);
  for (const { route, unexpected } of tallies)
    for (const found of unexpected.slice(0, 3)) process.stdout.write(`${route} ${JSON.stringify(found)}\n`);
  const cases = Math.min(20, perRoute);
  const isFound = await schemathesis({ url: allot.url, key, folder, cases, seed, known });
  isClean = tallies.every(({ unexpected }) => unexpected.length === 0) && !isFound;
} finally {
  agent.destroy();
  await allot.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = isClean ? 0 : 1;

/** A surface, two versions, an experiment, a run and a decision, so that requests get behind "there is no such". */
async function prepare(url: string, key: string): Promise<Known> {
  const client = createClient({ url, key });
  const surface = await client.declareSurface('live-feed', liveFeed);
  const publish = async (p: number): Promise<string> =>
    (await client.publishPolicy(encodeArtifact(fixedPolicyArtifact(surface, [1 - p, p])))).version;
  const [policyVersion, other] = [await publish(0.5), await publish(0.4)];
  await client.setAlias('live-feed', 'champion', policyVersion);
  await client.createExperiment({
    surface: 'live-feed',
    name: 'fuzzed',
    variants: [
      { name: 'control', role: 'control', policyVersion },
      { name: 'treatment', role: 'treatment', policyVersion: other },
    ],
  });
  const { id: runId } = await client.startRun('training-runs', { surface: 'live-feed', config: {} });
  const { decisionId } = await client.decide({
    requestId: 'r',
    surface: 'live-feed',
    unitId: 'u-1',
    features: { hour: 1 },
  });
  return { decisionId, surface: 'live-feed', policyVersion, experiment: 'fuzzed', runId };
}
