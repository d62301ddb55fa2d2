import { describe, expect, it } from 'vitest';
import { childEnvironment, readConfig } from '../../src/config/env.ts';
import { runCli } from '../../src/controller/child-job.ts';
import { createJobRunner } from '../../src/controller/job-runner.ts';
import { AllotError } from '../../src/core/errors.ts';
import { createMemoryStores } from '../../src/memory/stores.ts';
import { noMetrics } from '../../src/service/ports/metrics.ts';
import { silentLogger } from '../../src/service/ports/logger.ts';
import type { RunStore } from '../../src/service/ports/runs.ts';

const actor = { tenant: 'default', id: 'test' };
/** Nobody listens there. */
const environment = childEnvironment(readConfig(), 'postgres://nobody@127.0.0.1:9/none');

describe('a job in a process of its own', () => {
  it('is the same command line as a person types, and its output comes back', async () => {
    const { exitCode, output } = await runCli(['--version'], { environment });
    expect(exitCode).toBe(0);
    expect(output).toMatch(/^\d+\.\d+\.\d+/);
  });

  it('that fails leaves its run failed, with a reason that everybody may read, instead of running for ever', async () => {
    const { runs } = createMemoryStores();
    await runs.create({ id: 'r1', kind: 'training', surface: 's', config: {} }, actor);
    const logged: string[] = [];
    const logger = { ...silentLogger, warn: (fields: object) => void logged.push(JSON.stringify(fields)) };
    const says = `--import "data:text/javascript,console.error('the-marker at /etc/secret')"`;
    const run = createJobRunner({
      runs,
      environment: { ...environment, NODE_OPTIONS: says },
      logger,
      metrics: noMetrics,
    });
    await run('training', 'r1', 'default');
    expect(await runs.find('default', 'r1')).toMatchObject({
      state: 'failed',
      error: 'store_unavailable: the database does not answer; try again',
    });
    expect(logged.join()).toContain('the-marker at /etc/secret');
  });

  it('that dies without a word says no more than its exit code', async () => {
    const { runs } = createMemoryStores();
    await runs.create({ id: 'r5', kind: 'training', surface: 's', config: {} }, actor);
    const dies = `--import "data:text/javascript,console.error('the-marker');process.exit(7)"`;
    const run = createJobRunner({
      runs,
      environment: { ...environment, NODE_OPTIONS: dies },
      logger: silentLogger,
      metrics: noMetrics,
    });
    await run('training', 'r5', 'default');
    const record = await runs.find('default', 'r5');
    expect(record?.error).toBe("the job's process ended with code 7; the log of the controller says more");
  });

  it('that is killed goes back to the queue, a few times', async () => {
    const { runs } = createMemoryStores();
    await runs.create({ id: 'r4', kind: 'training', surface: 's', config: {} }, actor);
    const suicide = `--import "data:text/javascript,process.kill(process.pid,'SIGKILL')"`;
    const run = createJobRunner({
      runs,
      environment: { ...environment, NODE_OPTIONS: suicide },
      logger: silentLogger,
      metrics: noMetrics,
    });
    for (let kill = 1; kill < 5; kill += 1)
      await expect(run('training', 'r4', 'default')).rejects.toThrow('killed by SIGKILL');
    expect((await runs.find('default', 'r4'))?.state).toBe('running');
    await run('training', 'r4', 'default');
    expect(await runs.find('default', 'r4')).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('killed by SIGKILL') as string,
    });
  });

  it('whose result cannot be stored has failed, and is not computed again and again', async () => {
    const { runs: stores } = createMemoryStores();
    await stores.create({ id: 'r6', kind: 'training', surface: 's', config: {} }, actor);
    const runs: RunStore = {
      ...stores,
      finish: async (tenant, id, outcome) => {
        if ('result' in outcome) throw new AllotError('invalid_request', 'the database refuses a value');
        await stores.finish(tenant, id, outcome);
      },
    };
    const answers = `--import "data:text/javascript,console.log('{}');process.exit(0)"`;
    const run = createJobRunner({
      runs,
      environment: { ...environment, NODE_OPTIONS: answers },
      logger: silentLogger,
      metrics: noMetrics,
    });
    expect(await run('training', 'r6', 'default')).toBe('ended');
    expect((await runs.find('default', 'r6'))?.error).toBe('invalid_request: the result cannot be stored');
  });

  it('goes back to the queue when its controller is stopped', async () => {
    const { runs } = createMemoryStores();
    await runs.create({ id: 'r2', kind: 'training', surface: 's', config: {} }, actor);
    const abort = new AbortController();
    const run = createJobRunner({
      runs,
      environment,
      logger: silentLogger,
      metrics: noMetrics,
      signal: abort.signal,
    });
    const job = run('training', 'r2', 'default');
    setTimeout(() => abort.abort(), 100);
    expect(await job).toBe('interrupted');
    expect((await runs.find('default', 'r2'))?.state).toBe('running');
  });

  it('is not run again when its run has ended', async () => {
    const { runs } = createMemoryStores();
    await runs.create({ id: 'r3', kind: 'training', surface: 's', config: {} }, actor);
    await runs.finish('default', 'r3', { result: { done: true } });
    const run = createJobRunner({ runs, environment, logger: silentLogger, metrics: noMetrics });
    await run('training', 'r3', 'default');
    expect((await runs.find('default', 'r3'))?.result).toEqual({ done: true });
  });
});
