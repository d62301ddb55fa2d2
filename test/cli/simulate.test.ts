import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMapping } from '../../offline/import/mapping.ts';
import { readMapped } from '../../offline/import/mapped-log.ts';
import { readBanditLog } from '../../offline/tabular/bandit-log-file.ts';
import { exitCodeOf, exitCodes } from '../../src/cli/exit-codes.ts';
import { createProgram } from '../../src/cli/program.ts';
import { AllotError } from '../../src/core/errors.ts';
import { encodeArtifact } from '../../src/core/policy/codec.ts';
import { fixedPolicyArtifact } from '../../src/core/policy/policy.ts';
import { parseWorld } from '../../src/simulation/parse-world.ts';
import { sessionFeedSurface } from '../../src/simulation/surface.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'allot-simulate-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string): string => join(folder, name);

/** Runs the command in this process and answers what it printed. */
async function simulate(...args: string[]): Promise<string> {
  const write = process.stdout.write.bind(process.stdout);
  const error = process.stderr.write.bind(process.stderr);
  let printed = '';
  process.stdout.write = (text: string | Uint8Array): boolean => {
    printed += String(text);
    return true;
  };
  process.stderr.write = (): boolean => true;
  try {
    const program = await createProgram(['simulate']);
    await program.parseAsync(['simulate', ...args], { from: 'user' });
  } finally {
    process.stdout.write = write;
    process.stderr.write = error;
  }
  return printed;
}

interface Answer {
  readonly policy: string;
  readonly units: number;
  readonly values: Readonly<Record<string, { readonly value: number; readonly standardError: number }>>;
}
const asked = async (...args: string[]): Promise<Answer> =>
  JSON.parse(await simulate('--units', '80', '--json', ...args)) as Answer;

async function refusalOf(...args: string[]): Promise<AllotError> {
  try {
    await asked(...args);
  } catch (error) {
    if (error instanceof AllotError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

async function artifactFor(world: unknown, probabilities: number[], name = 'feed'): Promise<string> {
  const surface = sessionFeedSurface(parseWorld(world), { name });
  const path = file(`${name}-${probabilities.join('-')}.policy`);
  writeFileSync(path, encodeArtifact(fixedPolicyArtifact(surface, probabilities)));
  return Promise.resolve(path);
}

describe('allot simulate', () => {
  it('answers with policy, units and a value with its error for every response', async () => {
    const { policy, units, values } = await asked('--policy', 'uniform', '--seed', '3');
    expect([policy, units]).toEqual(['uniform', 80]);
    for (const name of [
      'watch_seconds',
      'live_watch_seconds',
      'short_watch_seconds',
      'like',
      'follow',
      'hide',
    ])
      expect(values[name].value).toBeGreaterThan(0);
    expect(values['session_end']).toMatchObject({ perSession: { value: 1, standardError: 0 } });
    expect(values['watch_seconds'].standardError).toBeGreaterThan(0);
  });

  it('prints the same for the same question and something else for another seed', async () => {
    expect(await asked('--seed', '1')).toEqual(await asked('--seed', '1'));
    expect(await asked('--seed', '1')).not.toEqual(await asked('--seed', '2'));
  });

  it('serves an artifact as the product does, and what it does is what the same named policy does', async () => {
    const never = await artifactFor({}, [1, 0]);
    const even = await artifactFor({}, [0.5, 0.5]);
    expect((await asked('--policy', never)).values).toEqual((await asked('--policy', 'always-null')).values);
    expect((await asked('--policy', even)).values).toEqual((await asked('--policy', 'uniform')).values);
  });

  it('serves bare unless a floor is asked for', async () => {
    const never = await artifactFor({}, [1, 0]);
    const share = async (...floor: string[]) =>
      (await asked('--policy', never, ...floor)).values['live_share'].value;
    expect(await share()).toBe(0);
    expect(Math.abs((await share('--floor')) - 0.05)).toBeLessThan(0.02);
    expect(Math.abs((await share('--floor', '0.6')) - 0.3)).toBeLessThan(0.06);
  });

  it('refuses an artifact of other actions, of another surface, and a file that is none', async () => {
    const positions = await artifactFor({ positions: { count: 2 } }, [0.4, 0.3, 0.3]);
    const actions = await refusalOf('--policy', positions);
    expect([actions.code, actions.violations[0].field]).toEqual(['artifact_invalid', 'header.actions']);
    const other = await artifactFor({}, [1, 0], 'other');
    expect((await refusalOf('--policy', other, '--surface', 'feed')).violations[0].field).toBe(
      'header.surface',
    );
    writeFileSync(file('junk.policy'), 'not a policy');
    expect((await refusalOf('--policy', file('junk.policy'))).code).toBe('artifact_invalid');
    const unknown = await refusalOf('--policy', 'allways-null');
    expect(unknown.message).toContain('always-null');
    expect(exitCodeOf(unknown)).toBe(exitCodes.badInput);
  });

  it('refuses a broken world with every field, and one that is not JSON', async () => {
    writeFileSync(file('bad.json'), '{"live":{"enterInterests":1},"days":{"count":0}}');
    const { code, violations } = await refusalOf('--world', file('bad.json'));
    expect(code).toBe('config_invalid');
    expect(violations.map(({ field }) => field).sort()).toEqual(['days.count', 'live.enterInterests']);
    writeFileSync(file('text.json'), '{');
    expect((await refusalOf('--world', file('text.json'))).code).toBe('invalid_json');
    expect((await refusalOf('--world', file('none.json'))).code).toBe('config_invalid');
    expect((await refusalOf('--log', file('log.txt'))).code).toBe('invalid_request');
  });

  it.each(['csv', 'jsonl', 'parquet'])(
    'writes a %s log that allot ope reads, units and sessions included',
    async (format) => {
      const log = file(`log.${format}`);
      await asked('--policy', 'uniform', '--log', log, '--log-units', '30');
      const {
        log: read,
        policy,
        sessions,
      } = await readBanditLog(log, {
        action: 'action',
        rewards: ['watch_seconds', 'hide'],
        propensity: 'propensity',
        evaluation: { kind: 'distribution', prefix: 'pi_' },
        behaviorDistribution: 'mu_',
        rewardModels: new Map(),
        unit: 'unit',
        sessions: { session: 'session', step: 'step', terminal: 'terminal' },
      });
      expect(read.rounds).toBeGreaterThan(200);
      expect(policy).toBeDefined();
      expect(Math.min(...read.propensities)).toBeGreaterThanOrEqual(0.06 - 1e-12);
      expect(sessions?.terminals?.some((terminal) => terminal === 1)).toBe(true);
    },
  );

  it('writes a csv log that allot import reads', async () => {
    const log = file('import.csv');
    await asked('--log', log, '--log-units', '10');
    const mapping = parseMapping('mapping', {
      surface: 'sim',
      actions: ['none', 'live'],
      nullAction: 'none',
      policyVersion: 'behaviour',
      columns: {
        action: 'action_name',
        propensity: 'propensity',
        unitId: 'unit',
        sessionId: 'session',
        requestId: 'decision_id',
        decidedAt: 'decided_at',
      },
      features: { liveAffinity: { column: 'liveAffinity', type: 'numeric', min: 0, max: 1 } },
      responses: { watch_seconds: { column: 'watch_seconds', role: 'main', min: 0, max: 7200 } },
    });
    let rows = 0;
    for await (const decision of readMapped(log, mapping)) {
      expect(decision.decidedAt).toBeGreaterThan(Date.UTC(2026, 0, 1));
      rows++;
    }
    expect(rows).toBe(readFileSync(log, 'utf8').trim().split('\n').length - 1);
  });

  it('prints a table for people and the schema for editors', async () => {
    const text = await simulate('--units', '40');
    expect(text).toMatch(/per decision +per session +per unit/);
    expect(text).toMatch(/^watch_seconds +[\d.]+ ± \d/m);
    const schema = JSON.parse(await simulate('--schema')) as { readonly properties: object };
    expect(Object.keys(schema.properties)).toContain('dynamics');
  });
});
