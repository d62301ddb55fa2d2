import { describe, expect, it } from 'vitest';
import { calibration } from '../../../offline/reproductions/calibration/calibration.ts';
import type { LearningStudyRun } from '../../../offline/reproductions/study-run.ts';
import { sharedFolder } from '../../support/shared.ts';

const run: LearningStudyRun = {
  seeds: [1],
  world: null,
  units: null,
  workers: 1,
  isShort: true,
  progress: { step: () => undefined, advance: () => undefined, done: () => undefined },
};
const isThere = sharedFolder('data/kuairand') !== null;

describe('calibration against the public log', () => {
  it.skipIf(!isThere)('holds for the default world (skipped without ../shared/data/kuairand)', async () => {
    const { tables, result } = await calibration(run);
    expect(result).toMatchObject({ skipped: false });
    expect(tables[0].claims.length).toBeGreaterThan(15);
    expect(tables[0].claims.filter(({ holds }) => !holds)).toEqual([]);
  });

  it.skipIf(!isThere)(
    'claims nothing for another world (skipped without ../shared/data/kuairand)',
    async () => {
      const raw = { name: 'long', short: { meanSeconds: 300 } };
      const { tables } = await calibration({ ...run, world: { name: 'long', raw } });
      expect(tables[0].claims).toEqual([]);
      expect(tables[0].title).toContain('"long"');
    },
  );

  it.skipIf(isThere)(
    'says loudly that it was skipped (runs only without ../shared/data/kuairand)',
    async () => {
      const { tables, result } = await calibration(run);
      expect(result).toMatchObject({ skipped: true });
      expect(tables[0].notes.join(' ')).toContain('SKIPPED');
    },
  );
});
