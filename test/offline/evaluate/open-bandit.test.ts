import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateVersion } from '../../../offline/evaluate.ts';
import type { EvaluationResult } from '../../../offline/evaluation/evaluation-result.ts';
import { importOpenBandit } from '../../../offline/import.ts';
import { evaluationReport } from '../../../offline/reports/evaluation-report.ts';
import { makeSecrets } from '../../../src/config/secrets.ts';
import { createDecisionIds } from '../../../src/core/feedback/decision-id.ts';
import { isRefusal, type Estimate } from '../../../src/core/ope/report.ts';
import { createMemoryStores } from '../../../src/memory/stores.ts';
import { sharedFolder } from '../../support/shared.ts';

const folder = sharedFolder('data/obd');
const actor = { tenant: 'default', id: 'test' };
const surface = 'open-bandit-men';
const snapshots = mkdtempSync(join(tmpdir(), 'allot-evaluate-'));
const stores = createMemoryStores({ now: () => Date.UTC(2026, 0, 1) });

afterAll(() => rmSync(snapshots, { recursive: true }));

async function evaluate(policyVersion: string, behavior: string): Promise<EvaluationResult> {
  return await evaluateVersion({
    surface,
    config: { policyVersion, behaviorVersions: [behavior] },
    stores,
    actor,
    until: Date.UTC(2020, 0, 1),
    snapshotDirectory: join(snapshots, 'both'),
    snapshotsWithin: null,
  });
}

function estimate(result: EvaluationResult, estimator: string): Estimate {
  const found = result.report.estimates.find((e) => e.estimator === estimator);
  if (found === undefined || isRefusal(found)) throw new Error(`${estimator} is not there`);
  return found;
}

describe.skipIf(folder === null)(
  `Open Bandit men, each policy valued from the other's log${folder === null ? ' (skipped: no ../shared/data/obd)' : ''}`,
  { timeout: 120_000 },
  () => {
    let uniform: EvaluationResult;
    beforeAll(async () => {
      const ids = createDecisionIds(makeSecrets().idKeys);
      for (const policy of ['random', 'bts'] as const) {
        await importOpenBandit({ folder: folder ?? '', campaign: 'men', policy }, { ...stores, ids, actor });
      }
      uniform = await evaluate('random', 'bts');
    });

    it('values uniform from the log of bts as other implementations do, with a warning, truth beside it', () => {
      const result = uniform;
      expect(Math.abs(estimate(result, 'ips').value - 0.00301)).toBeLessThan(1e-5);
      expect(Math.abs(estimate(result, 'snips').value - 0.00319)).toBeLessThan(1e-5);
      expect(estimate(result, 'ips').warnings.map((w) => w.code)).toEqual(
        expect.arrayContaining(['low_effective_sample_size', 'mean_weight_off']),
      );
      expect(result.report.health.meanWeight).toBeCloseTo(0.943, 3);
      expect(result.report.health.meanWeightStandardError).toBeCloseTo(0.036, 3);
      expect(Math.round(result.report.health.effectiveSampleSize)).toBe(656);
      expect(result.truth?.[0]).toMatchObject({ response: 'click', value: 0.0046, rows: 10_000 });
      expect(result.gate.verdict).toBe('insufficient evidence');
    });

    it('values the Thompson sampler at its prior from the uniform log, within Monte-Carlo error', async () => {
      const result = await evaluate('bts', 'random');
      // 200,000 draws on either side: one more click's worth of weight moves the estimate by about 1e-4.
      expect(Math.abs(estimate(result, 'ips').value - 0.00454)).toBeLessThan(5e-5);
      expect(Math.abs(estimate(result, 'snips').value - 0.00461)).toBeLessThan(5e-5);
      expect(Math.abs(result.report.health.effectiveSampleSize / 2470 - 1)).toBeLessThan(0.01);
      expect(result.truth?.[0].value).toBeCloseTo(0.0069, 10);
      expect(result.truth?.[0].standardError).toBeCloseTo(Math.sqrt((0.0069 * 0.9931) / 10_000), 6);
    });

    it('writes a report that leads with the verdict and shows the known answer', () => {
      const result = uniform;
      const page = evaluationReport(result);
      expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
      expect(page.indexOf('insufficient evidence')).toBeLessThan(page.indexOf('Lines of the gate'));
      for (const text of ['truth', 'snips', 'effective sample size', result.artifactHash]) {
        expect(page).toContain(text);
      }
    });
  },
);
