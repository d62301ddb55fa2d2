import type { Surface } from '../../../src/core/surface/surface.ts';
import { parseWorld } from '../../../src/simulation/parse-world.ts';
import { sessionFeedSurface } from '../../../src/simulation/surface.ts';
import type { FeedWorldConfig } from '../../../src/simulation/world.ts';

export interface ParsedWorld {
  readonly config: FeedWorldConfig;
  readonly surface: Surface;
}

/** @param raw a world's JSON; null: the default world. Refuses (`config_invalid`) naming the broken fields. */
export function studyWorld(raw: unknown): ParsedWorld {
  const config = parseWorld(raw ?? {});
  return { config, surface: sessionFeedSurface(config, { name: 'feed' }) };
}
