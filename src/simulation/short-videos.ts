import { normalQuantile } from '../core/math/normal.ts';
import type { Draws } from './streams.ts';
import type { FeedWorldConfig } from './world.ts';

/**
 * Σ play time of the page's videos, seconds. Each is not played (zeroShare), skimmed (skimShare, log-normal with its median)
 * or watched (log-normal with its mean, times exp(interest)); one uniform decides and gives the quantile within its part.
 */
export function pageSeconds(
  short: FeedWorldConfig['short'],
  interest: number,
  first: number,
  draws: Draws,
): number {
  let seconds = videoSeconds(short, interest, first);
  for (let i = 1; i < short.videosPerRequest; i++) seconds += videoSeconds(short, interest, draws.uniform());
  return seconds;
}

/** Play time of one video; u in [0, 1). */
export function videoSeconds(short: FeedWorldConfig['short'], interest: number, u: number): number {
  const { zeroShare, skimShare } = short;
  if (u < zeroShare) return 0;
  const isSkimmed = u < zeroShare + skimShare;
  const below = isSkimmed ? zeroShare : zeroShare + skimShare;
  const share = isSkimmed ? skimShare : 1 - below;
  const z = normalQuantile((u - below) / share + 2 ** -54);
  const seconds = isSkimmed
    ? short.skimMedianSeconds * Math.exp(short.skimSigma * z)
    : short.meanSeconds * Math.exp(interest + (short.sigma * z - (short.sigma * short.sigma) / 2));
  return Math.min(seconds, short.capSeconds);
}
