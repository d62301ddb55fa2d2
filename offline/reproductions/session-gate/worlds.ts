import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Surface } from '../../../src/core/surface/surface.ts';
import { parseWorld } from '../../../src/simulation/parse-world.ts';
import { behaviorPolicy, type LivePolicy } from '../../../src/simulation/policies.ts';
import { liveFeedSurface, sessionFeedSurface } from '../../../src/simulation/surface.ts';
import { defaultFeedWorld, type FeedWorldConfig } from '../../../src/simulation/world.ts';

export interface GateWorld {
  readonly name: string;
  readonly config: FeedWorldConfig;
  readonly surface: Surface;
  /** Units of a log: about what the studies and the demo judge on. */
  readonly units: number;
}

const even = { base: 0.5, score: 0, affinity: 0, min: 0, max: 1 };

/** The demo's world under its exploring policy, judged per session, and the four worlds of docs/worlds. */
export function gateWorlds(): GateWorld[] {
  const demo: FeedWorldConfig = { ...defaultFeedWorld, behavior: even };
  const declared = liveFeedSurface(demo, { name: 'feed', windowSeconds: 4 });
  const files = ['default', 'sparse-live', 'fatigue-heavy', 'many-groups'];
  return [
    { name: 'demo', config: demo, surface: { ...declared, horizon: 'session' }, units: 1000 },
    ...files.map((name) => {
      const file = join(import.meta.dirname, '../../../docs/worlds', `${name}.json`);
      const config = parseWorld(JSON.parse(readFileSync(file, 'utf8')));
      return { name, config, surface: sessionFeedSurface(config, { name: 'feed' }), units: 1200 };
    }),
  ];
}

/** Tilts of the behaviour policy and rules, each with the exploration floor: cheap, and near and far from the log. */
export function gateCandidates({ config, surface }: GateWorld): Readonly<Record<string, LivePolicy>> {
  const behavior = behaviorPolicy(config);
  const { explorationFloor: floor, actions } = surface;
  const floored = (share: number): number =>
    (1 - floor) * share + (floor * (actions.length - 1)) / actions.length;
  const tilted = (slope: (features: Parameters<LivePolicy>[0]) => number): LivePolicy => {
    return (features) => {
      const share = Math.min(0.99, Math.max(0.01, behavior(features)));
      return floored(1 / (1 + Math.exp(-(Math.log(share / (1 - share)) + slope(features)))));
    };
  };
  const promise = (features: Parameters<LivePolicy>[0]): number =>
    Number(features['candidateScore']) + Number(features['liveAffinity']);
  return {
    more: tilted(() => 0.7),
    less: tilted(() => -0.7),
    selective: tilted((features) => 4 * (promise(features) - 1)),
    'by rule': (features) => floored(promise(features) > 1 ? 1 : 0),
    never: () => floored(0),
    always: () => floored(1),
  };
}
