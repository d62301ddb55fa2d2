import { describe, expect, it } from 'vitest';
import { unheldLimits } from '../../../src/core/surface/unheld-limits.ts';

const share = {
  name: 'live-share',
  on: 'share-of-actions',
  direction: 'at-most',
  threshold: 0.12,
} as const;
const hides = { name: 'hides', on: { response: 'hide' }, direction: 'at-most', threshold: 0.01 } as const;
const paced = (targetShare: number) => ({ targetShare, proportionalGain: 0.5, integralGain: 0.02 });

describe('limits that nothing holds while serving', () => {
  it('are upper limits of the share without pacing, or with pacing that aims above them', () => {
    expect(unheldLimits({ constraints: [share, hides], pacing: null })).toEqual([
      expect.stringMatching(
        /^live-share: nothing holds at most 0\.12 while serving.*there is no pacing\. Declare/,
      ),
    ]);
    expect(unheldLimits({ constraints: [share], pacing: paced(0.2) })).toEqual([
      expect.stringContaining('pacing aims at 0.2'),
    ]);
    expect(unheldLimits({ constraints: [share], pacing: paced(0.12) })).toEqual([]);
    expect(unheldLimits({ constraints: [{ ...share, direction: 'at-least' }], pacing: null })).toEqual([]);
  });

  it('are none under a policy that was trained under them, and are under any other', () => {
    const surface = { constraints: [share], pacing: null };
    expect(unheldLimits(surface, { version: 'feed@2', algorithm: 'slmgac' })).toEqual([]);
    expect(unheldLimits(surface, { version: 'feed@1', algorithm: 'fixed' })).toEqual([
      expect.stringContaining('feed@1 was not trained under it'),
    ]);
  });
});
