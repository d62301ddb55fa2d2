import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadDataset } from '../../../offline/dataset/load.ts';
import { writeSnapshot } from '../../../offline/dataset/snapshot.ts';
import { behaviorVersion, datasetOf } from '../../../offline/reproductions/learning/simulated-dataset.ts';
import { studyWorld } from '../../../offline/reproductions/learning/study-world.ts';
import type { DecisionRecord } from '../../../src/service/ports/stores.ts';
import { SESSION_CLOSED, type Surface } from '../../../src/core/surface/surface.ts';
import { simulateLog, type SimulatedDecision } from '../../../src/simulation/log.ts';
import { readerOf } from '../learning-world.ts';

const { config, surface } = studyWorld(null);
const folder = mkdtempSync(join(tmpdir(), 'allot-simulated-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The events that would have led to this row: one interaction per response that is not at its default. */
function recordOf(surface: Surface, row: SimulatedDecision): DecisionRecord {
  const { decisionId, unitId, sessionId, decidedAt, features, defaulted, action } = row;
  const base = { v: 1, tenant: 'simulated', decisionId } as const;
  const seen = { occurredAt: decidedAt + 1000, receivedAt: decidedAt + 2000 };
  const values = surface.responses
    .map(({ name, interaction }) => ({ type: interaction, value: row.responses[name] }))
    .filter(({ value }) => value !== 0)
    .concat(row.done ? [{ type: SESSION_CLOSED, value: 1 }] : []);
  return {
    decision: {
      ...base,
      kind: 'decision',
      surface: surface.name,
      schemaVersion: surface.schemaVersion,
      requestId: decisionId,
      unitId,
      sessionId,
      decidedAt,
      features,
      defaultedFeatures: defaulted,
      group: null,
      eligibleActions: surface.actions.filter((_, a) => row.eligible[a]),
      action: surface.actions[action],
      propensity: row.propensity,
      probabilities: row.probabilities,
      draw: 0.5,
      policyVersion: behaviorVersion(surface),
      experiment: null,
      variant: null,
      block: null,
      adjustments: [],
      fallback: null,
      isForced: row.eligible.filter(Boolean).length <= 1,
    },
    exposures: [{ ...base, kind: 'exposure', eventId: `${decisionId}/seen`, ...seen }],
    interactions: values.map(({ type, value }) => ({
      ...base,
      kind: 'interaction',
      eventId: `${decisionId}/${type}`,
      type,
      value,
      ...seen,
    })),
  };
}

describe('a simulated dataset', () => {
  it('is what a snapshot of the same events gives, down to the content hash', async () => {
    const log = simulateLog(config, { units: 12, seed: 3 });
    const until = Math.max(...log.map(({ decidedAt }) => decidedAt)) + 1;
    await writeSnapshot({
      reader: readerOf(log.map((row) => recordOf(surface, row))),
      tenant: 'simulated',
      surface,
      from: 0,
      until,
      // Every window has closed and every session is over.
      asOf: until + 10 * 86_400_000,
      directory: folder,
    });
    const fromEvents = await loadDataset(folder);
    const inMemory = datasetOf(surface, log);
    expect(inMemory.manifest.contentHash).toBe(fromEvents.manifest.contentHash);
    const { manifest: _fromEvents, ...expected } = fromEvents;
    const { manifest: _inMemory, ...actual } = inMemory;
    expect(actual).toEqual(expected);
  });

  it('is the same for the same seed, and another one for another', () => {
    const hashOf = (seed: number): string =>
      datasetOf(surface, simulateLog(config, { units: 5, seed })).manifest.contentHash;
    expect(hashOf(1)).toBe(hashOf(1));
    expect(hashOf(1)).not.toBe(hashOf(2));
  });
});
