import { describe, expect, it } from 'vitest';
import { aa } from '../../../offline/reproductions/experiments/aa/study.ts';
import { asos } from '../../../offline/reproductions/experiments/asos/study.ts';
import { forecasts } from '../../../offline/reproductions/experiments/forecasts/study.ts';
import { power } from '../../../offline/reproductions/experiments/power/study.ts';
import { upworthy } from '../../../offline/reproductions/experiments/upworthy/study.ts';
import { isProven, type StudyTable } from '../../../offline/reproductions/study-table.ts';
import { sharedFolder } from '../../support/shared.ts';

const progress = { step: () => undefined, advance: () => undefined, done: () => undefined };
const short = (repetitions?: number) => ({ isShort: true, workers: 2, seed: 1, progress, repetitions });

function expectProven(tables: readonly StudyTable[]): void {
  const failed = tables.flatMap(({ claims }) => claims.filter(({ holds }) => !holds));
  expect(failed.map(({ claim }) => claim)).toEqual([]);
  expect(isProven(tables)).toBe(true);
}

describe('the proofs of experiments in their short form', () => {
  it('A/A: sequential tests keep α while looking, and peeking does not', async () => {
    expectProven(await aa(short()));
  }, 120_000);

  it('power: simulation confirms the planner', async () => {
    expectProven(await power(short(30)));
  }, 120_000);

  it('forecasts: calibrated where nothing was selected, and the selected promise too much', async () => {
    const tables = await forecasts(short());
    expectProven(tables);
    expect(tables[0].rows.map(([name, measured]) => `${name} ${measured}`)).toEqual([
      'not selected 24',
      'selected 6',
      'all 30',
    ]);
  }, 60_000);

  it.skipIf(sharedFolder('data/asos') === null)(
    'ASOS: stops against significant finals are rare (needs ../shared/data/asos)',
    async () => expectProven(await asos(short())),
    60_000,
  );

  it.skipIf(sharedFolder('data/upworthy') === null)(
    'Upworthy: the faulty half year is found, and little else (needs ../shared/data/upworthy)',
    async () => expectProven(await upworthy(short())),
    60_000,
  );
});
