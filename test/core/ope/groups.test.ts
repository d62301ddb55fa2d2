import { describe, expect, it } from 'vitest';
import { evaluateByGroup, type GroupReport } from '../../../src/core/ope/by-group.ts';
import { estimatesIn, evaluateLog } from '../../../src/core/ope/evaluate-log.ts';
import { isRefusal } from '../../../src/core/ope/report.ts';
import { noLimits, quick, randomWorld, selectRows } from './logs.ts';

const world = randomWorld({ n: 3000, rowsPerUnit: 2 });
const second = (world.log.responses.get('reward') ?? new Float64Array()).map((r, i) => 60_000 * r + i);
const log = { ...world.log, responses: new Map([...world.log.responses, ['watchTimeMs', second]]) };
const models = new Map([
  ['reward', world.model],
  ['watchTimeMs', world.model.map((q) => 60_000 * q)],
]);
const options = { ...quick, limits: noLimits, rewardModels: models };
const activity = {
  name: 'activity',
  index: Int32Array.from(log.units, (u) => (u % 7 === 0 ? -1 : u % 3)),
  labels: ['low', 'mid', 'high'],
};
const segment = { name: 'segment', index: Int32Array.from(log.units, (u) => u % 2) };

describe('values by group', () => {
  const { overall, groups } = evaluateByGroup(log, world.policy, [activity, segment], options);

  it('has the overall report, and one for every group of every grouping with all responses', () => {
    expect(overall).toEqual(evaluateLog(log, world.policy, options));
    expect(groups.map(({ grouping, label }) => `${grouping} ${label}`)).toEqual([
      'activity low',
      'activity mid',
      'activity high',
      'segment 0',
      'segment 1',
    ]);
    for (const { report } of groups) {
      expect(new Set(report.estimates.map(({ response }) => response))).toEqual(
        new Set(['reward', 'watchTimeMs']),
      );
    }
  });

  it('equals the report of the group’s rows alone', () => {
    const rows = [...log.units.keys()].filter((i) => activity.index[i] === 1);
    const part = selectRows({ ...world, log }, rows);
    const numbers = new Map([...new Set(part.log.units)].map((u, k) => [u, k]));
    const alone = evaluateLog(
      { ...part.log, units: part.log.units.map((u) => numbers.get(u) ?? -1), unitCount: numbers.size },
      part.policy,
      {
        ...options,
        rewardModels: new Map([
          ['reward', part.model],
          ['watchTimeMs', part.model.map((q) => 60_000 * q)],
        ]),
      },
    );
    expect(groups[1].report).toEqual(alone);
  });

  it('are parts of the whole: IPS of the groups, by rows, is IPS overall', () => {
    const of = ({ report }: Pick<GroupReport, 'report'>) => estimatesIn(report)[0].value * report.log.rounds;
    const sum = groups
      .slice(3)
      .map(of)
      .reduce((a, b) => a + b);
    expect(sum).toBeCloseTo(of({ report: overall }), 6);
  });

  it('may be refused one by one, with the row named as in the whole log', () => {
    const bad = second.slice();
    const row = log.units.findIndex((u) => u % 2 === 1);
    bad[row] = NaN;
    const broken = { ...log, responses: new Map([['watchTimeMs', bad]]) };
    const reports = evaluateByGroup(broken, world.policy, [segment], {
      ...options,
      estimators: ['ips'],
    }).groups;
    expect(reports.map(({ report }) => report.estimates.map(isRefusal))).toEqual([[false], [true]]);
    const [refused] = reports[1].report.estimates;
    expect(isRefusal(refused) && refused.refusal.reason).toContain(`row ${row}:`);
  });

  it('are all refused where the whole log is', () => {
    const propensities = log.propensities.slice();
    propensities[0] = 0;
    const reports = evaluateByGroup({ ...log, propensities }, world.policy, [segment], options);
    for (const { report } of reports.groups) {
      expect(report.estimates.every(isRefusal)).toBe(true);
    }
  });

  it('tell small groups from large ones: health is the group’s own', () => {
    const few = { name: 'few', index: Int32Array.from(log.units, (u) => (u < 10 ? 0 : 1)) };
    const reports = evaluateByGroup(log, world.policy, [few], { ...quick, rewardModels: models }).groups;
    expect(reports[0].report.estimates.every(isRefusal)).toBe(true);
    expect(reports[1].report.estimates.some(isRefusal)).toBe(false);
  });
});
