import type { SequentialEstimatorId } from '../report.ts';
import { dice } from './dice.ts';
import { fqe } from './fqe.ts';
import { marginalisedIs } from './marginalised-is.ts';
import { magic } from './magic.ts';
import { ncisPerDecision } from './ncis-per-decision.ts';
import { ncisStep } from './ncis-step.ts';
import { ncisTrajectory } from './ncis-trajectory.ts';
import { pdis } from './pdis.ts';
import type { SequentialEstimator } from './sequential-estimator.ts';
import { sequentialDr } from './sequential-dr.ts';
import { snpdis } from './snpdis.ts';
import { sntis } from './sntis.ts';
import { tis } from './tis.ts';
import { wdr } from './wdr.ts';

/** Every estimator of sessions, in the order of the output. A new one is a file of its own and a line here. */
export const sequentialEstimators: Readonly<Record<SequentialEstimatorId, SequentialEstimator>> = {
  tis,
  pdis,
  sntis,
  snpdis,
  'sequential-dr': sequentialDr,
  wdr,
  magic,
  fqe,
  'marginalised-is': marginalisedIs,
  dice,
  'ncis-step': ncisStep,
  'ncis-per-decision': ncisPerDecision,
  'ncis-trajectory': ncisTrajectory,
};
