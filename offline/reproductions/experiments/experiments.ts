import type { StudyRun } from '../study-run.ts';
import type { StudyTable } from '../study-table.ts';
import { aa } from './aa/study.ts';
import { asos } from './asos/study.ts';
import { forecasts } from './forecasts/study.ts';
import { power } from './power/study.ts';
import { upworthy } from './upworthy/study.ts';

/** The proofs of experiments, in the order of docs/experiments.md. */
export const experimentProofs = { aa, power, asos, upworthy, forecasts } as const satisfies Record<
  string,
  (study: StudyRun) => Promise<StudyTable[]>
>;
