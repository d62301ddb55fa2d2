import type { Scenario } from '../scenario.ts';
import { alteredArtifact } from './altered-artifact.ts';
import { badDelivery, badDeliveryOverKafka } from './bad-delivery.ts';
import { burst } from './burst.ts';
import { clockJump } from './clock-jump.ts';
import { journalDamage } from './journal-damage.ts';
import { journalDiskFull, journalFull } from './journal-full.ts';
import { kafka } from './kafka.ts';
import { kafkaLeader } from './kafka-leader.ts';
import { killCommands } from './kill-commands.ts';
import { killEverything } from './kill-everything.ts';
import { killJobs } from './kill-jobs.ts';
import { killParts } from './kill-parts.ts';
import { postgresAway } from './postgres-away.ts';
import { postgresDiskFull } from './postgres-disk-full.ts';
import { powerCut } from './power-cut.ts';
import { sigterm } from './sigterm.ts';

/** In the order in which they are done: those that need the least first. */
export const scenarios: readonly Scenario[] = [
  badDelivery,
  badDeliveryOverKafka,
  burst,
  sigterm,
  journalDamage,
  postgresAway,
  postgresDiskFull,
  alteredArtifact,
  journalFull,
  journalDiskFull,
  powerCut,
  clockJump,
  killEverything,
  killParts,
  killJobs,
  killCommands,
  kafka,
  kafkaLeader,
];
