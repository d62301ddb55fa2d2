import { feedTabularWorld } from '../../../src/simulation/tabular/feed-tabular-world.ts';
import { isTabularWorld, parseTabularWorld } from '../../../src/simulation/tabular/parse-tabular-world.ts';
import { discretise } from '../../../src/simulation/tabular/discretise.ts';
import { parseWorld } from '../../../src/simulation/parse-world.ts';
import type { TabularWorld } from '../../../src/simulation/tabular/tabular-world.ts';
import type { LearningStudyRun } from '../study-run.ts';

/** The built-in tabular world, a tabular world's JSON, or the tabular counterpart of a feed world's JSON. */
export function tabularStudyWorld({ world }: Pick<LearningStudyRun, 'world'>): TabularWorld {
  if (world === null) return feedTabularWorld();
  return isTabularWorld(world.raw) ? parseTabularWorld(world.raw) : discretise(parseWorld(world.raw));
}
