import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDataset } from '../../../offline/dataset/load.ts';
import type { Dataset } from '../../../offline/dataset/dataset.ts';
import { writeSnapshot } from '../../../offline/dataset/snapshot.ts';
import { completeRows } from '../../../offline/evaluation/completeness.ts';
import { evaluatePolicy, type EvaluationRequest } from '../../../offline/evaluation/evaluate-policy.ts';
import { selectRows } from '../../../offline/evaluation/select-rows.ts';
import { servedPolicy } from '../../../offline/evaluation/served-policy.ts';
import { isRefusal } from '../../../src/core/ope/report.ts';
import type { PolicyArtifact } from '../../../src/core/policy/artifact.ts';
import { compilePolicy, fixedPolicyArtifact } from '../../../src/core/policy/policy.ts';
import type { Surface } from '../../../src/core/surface/surface.ts';
import { makeRecords, meanWatch, readerOf, trueValue, worldEnd, worldSurface } from '../learning-world.ts';

const folder = mkdtempSync(join(tmpdir(), 'allot-evaluate-'));
let dataset: Dataset;

beforeAll(async () => {
  const reader = readerOf(makeRecords({ units: 900, perUnit: 5, seed: 11 }));
  await writeSnapshot({
    reader,
    tenant: 'default',
    surface: worldSurface,
    from: 0,
    until: worldEnd,
    directory: folder,
  });
  dataset = await loadDataset(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** logit of insert = slope · (interest − 0.5): positive slopes insert where streams are liked, negative ones where not. */
function interestPolicy(
  slope: number,
  lineage: Partial<PolicyArtifact['header']['lineage']> = {},
): PolicyArtifact {
  const base = fixedPolicyArtifact(worldSurface, [0.5, 0.5]);
  return {
    header: {
      ...base.header,
      algorithm: 'by-hand',
      encoder: {
        inputs: [{ feature: 'interest', kind: 'numeric', transform: 'identity', mean: 0.5, std: 1 }],
        width: 2,
      },
      network: [{ kind: 'dense', in: 2, out: 2, activation: 'none' }],
      weightCount: 6,
      lineage: { ...base.header.lineage, ...lineage },
    },
    weights: Float32Array.of(0, slope, 0, 0, 0, 0),
  };
}

const servedInsert = (slope: number) => (values: { readonly interest?: unknown }) => {
  const { explorationFloor: floor } = worldSurface;
  const p = 1 / (1 + Math.exp(-slope * (Number(values.interest) - 0.5)));
  return (1 - floor) * p + floor / 2;
};

function evaluate(slope: number, change: Partial<EvaluationRequest> = {}) {
  return evaluatePolicy({
    dataset,
    candidate: { version: 'world@2', hash: 'a'.repeat(64), artifact: interestPolicy(slope) },
    champion: null,
    behaviorVersions: null,
    resamples: 500,
    seed: 1,
    clip: null,
    candidatesOnSlice: 1,
    ...change,
  });
}

describe('the evaluation of a candidate', () => {
  it('values what would be served, floor included: IPS, SNIPS and DR cover the truth', () => {
    const truth = trueValue(meanWatch, servedInsert(8), 40_000);
    const estimates = evaluate(8).report.estimates.filter((e) => e.response === 'watch');
    expect(estimates.map((e) => e.estimator)).toEqual(['ips', 'snips', 'dm', 'dr']);
    for (const estimate of estimates) {
      if (isRefusal(estimate)) throw new Error(estimate.refusal.reason);
      const error = Math.abs(estimate.value - truth) / estimate.standardError;
      // The model behind dm is linear where the world is not; its own error is not in its interval.
      if (estimate.estimator !== 'dm') expect(error, estimate.estimator).toBeLessThan(3);
    }
  });

  it('promotes the better one, refuses the worse one, and binds both verdicts to what they saw', () => {
    const good = evaluate(8).gate;
    const bad = evaluate(-8).gate;
    expect([good.verdict, bad.verdict]).toEqual(['promote', 'refuse']);
    expect(good).toMatchObject({ artifactHash: 'a'.repeat(64), snapshotHash: dataset.manifest.contentHash });
    expect(bad.reasons.join()).toMatch(/main: watch/);
  });

  it('says insufficient evidence when there is too little of it', () => {
    const few = selectRows(dataset, (row) => dataset.units[row] < 60);
    expect(evaluate(8, { dataset: few }).gate.verdict).toBe('insufficient evidence');
  });

  it('leaves out every unit that training saw', () => {
    const lineage = { snapshotHash: 'b'.repeat(64), config: { split: { train: 0.5, validation: 0.1 } } };
    const artifact = interestPolicy(8, lineage);
    const { report } = evaluate(8, { candidate: { version: 'world@2', hash: 'c'.repeat(64), artifact } });
    expect(report.log.units / dataset.unitCount).toBeGreaterThan(0.3);
    expect(report.log.units / dataset.unitCount).toBeLessThan(0.5);
  });

  it('keeps the rows that the candidate itself served as the known answer', () => {
    const mixed = {
      ...dataset,
      policyVersions: dataset.policyVersions.map((v, row) => (row % 3 === 0 ? 'world@2' : v)),
    };
    const result = evaluate(8, { dataset: mixed });
    expect(result.truth?.find(({ response }) => response === 'watch')?.rows).toBe(dataset.rows / 3);
    expect(result.report.log.rounds).toBe((2 * dataset.rows) / 3);
    expect(result.log.behaviorVersions).toEqual(['world@1']);
  });
});

describe('the served policy', () => {
  const paced: Surface = {
    ...worldSurface,
    pacing: { targetShare: 0.3, proportionalGain: 0.5, integralGain: 0.02 },
  };

  it('meets the pacing target exactly by its own factor', () => {
    const served = servedPolicy(compilePolicy(interestPolicy(8), paced), paced, dataset);
    expect(served.shareOfActions).toBeCloseTo(0.3, 12);
    expect(served.pacingFactor).toBeGreaterThan(0.3);
    expect(served.pacingFactor).toBeLessThan(1);
  });

  it('is left alone where it allocates less than the target', () => {
    const rare = fixedPolicyArtifact(paced, [0.95, 0.05]);
    const served = servedPolicy(compilePolicy(rare, paced), paced, dataset);
    expect(served.pacingFactor).toBe(1);
    expect(served.shareOfActions).toBeCloseTo(0.95 * 0.05 + 0.025, 7);
  });
});

describe('incomplete outcomes', () => {
  const incomplete = (isLost: (row: number) => boolean): Dataset => ({
    ...dataset,
    isComplete: dataset.isComplete.map((_, row) => (isLost(row) ? 0 : 1)),
  });

  it('are left out where the action has nothing to do with it', () => {
    expect(completeRows(incomplete((row) => row % 4 === 0)).rows).toBe((3 * dataset.rows) / 4);
  });

  it('refuse the evaluation where they depend on the action', () => {
    const lossy = incomplete((row) => dataset.actions[row] === 1 && row % 4 === 0);
    expect(() => completeRows(lossy)).toThrow(/differs by action: nothing 0\.0 %, insert 2\d\.\d %/);
  });
});
