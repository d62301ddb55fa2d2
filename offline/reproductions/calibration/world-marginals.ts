import { createRandom } from '../../../src/core/math/random.ts';
import { behaviorPolicy, neverLive } from '../../../src/simulation/policies.ts';
import { videoSeconds } from '../../../src/simulation/short-videos.ts';
import { CountedStreams } from '../../../src/simulation/streams.ts';
import { trueValues } from '../../../src/simulation/true-value.ts';
import { drawUnit } from '../../../src/simulation/unit.ts';
import type { FeedWorldConfig } from '../../../src/simulation/world.ts';

export interface WorldMarginals {
  /** Play times of single short videos in seconds, sorted: rested units, no stream on the page. */
  readonly playSeconds: Float64Array;
  /** Per short video, without streams: 1 − (1 − p)^(1/videos) of a page's probability p. */
  readonly perVideo: Readonly<Record<'like' | 'follow' | 'hide', number>>;
  readonly groups: Readonly<Record<string, number>>;
  readonly hours: readonly number[];
  /** Per session, under the behaviour policy. */
  readonly returnNextDay: number;
}

export function worldMarginals(config: FeedWorldConfig, units: number, seed: number): WorldMarginals {
  const streams = new CountedStreams(createRandom(seed).fork('calibration'));
  const { short } = config;
  const perUnit = 4 * short.videosPerRequest;
  const play = new Float64Array(units * perUnit);
  const groups = new Map(config.groups.map(({ name }) => [name, 0]));
  const hours = new Array<number>(24).fill(0);
  for (let k = 0; k < units; k++) {
    const unit = drawUnit(config, `u${k}`, streams.of(k).unit());
    groups.set(unit.group.name, groups.get(unit.group.name)! + 1 / units);
    hours[unit.firstHour] += 1 / units;
    const draws = streams.outcome(0);
    const network = unit.isCellular ? 1 - short.cellularLoss : 1;
    for (let v = 0; v < perUnit; v++)
      play[k * perUnit + v] = network * videoSeconds(short, unit.shortInterest, draws.uniform());
  }
  const options = { units, random: createRandom(seed) };
  const withoutStreams = trueValues(config, neverLive, options);
  const perVideo = (response: string): number =>
    1 - (1 - withoutStreams.get(response)!.value) ** (1 / short.videosPerRequest);
  return {
    playSeconds: play.sort(),
    perVideo: { like: perVideo('like'), follow: perVideo('follow'), hide: perVideo('hide') },
    groups: Object.fromEntries(groups),
    hours,
    returnNextDay: trueValues(config, behaviorPolicy(config), options).get('return_next_day')!.perSession
      .value,
  };
}
