import type { Scenario } from '../scenario.ts';
import { killEverything } from './kill-everything.ts';
import { killParts } from './kill-parts.ts';
import { postgresAway } from './postgres-away.ts';

/** In the order in which they are done: those that need the least first. */
export const scenarios: readonly Scenario[] = [killEverything, killParts, postgresAway];
