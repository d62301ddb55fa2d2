import { createRandom } from '../../../../src/core/math/random.ts';
import {
  addArrivals,
  chiSquarePValue,
  noArrivals,
} from '../../../../src/core/experiment/statistics/sequential-multinomial.ts';

export interface SplitScenario {
  readonly name: string;
  /** θ in force at a look. */
  readonly sharesAt: (look: number) => readonly number[];
}

const LOOKS = 60;
const UNITS_PER_LOOK = 100;

export const splits: readonly SplitScenario[] = [
  { name: 'even, two variants', sharesAt: () => [0.5, 0.5] },
  { name: '90 : 10', sharesAt: () => [0.9, 0.1] },
  { name: 'three variants', sharesAt: () => [0.5, 0.3, 0.2] },
  {
    name: 'ramp 1-5-10-25-50 %, shares change',
    sharesAt: (look) => {
      const share = [0.01, 0.05, 0.1, 0.25, 0.5][Math.floor(look / 12)];
      return [1 - share, share];
    },
  },
];

export interface SplitAlarms {
  readonly runs: number;
  readonly sequential: number;
  /** A chi-square read at every look at the same α. */
  readonly peeking: number;
  /** The same, read once at the end. */
  readonly once: number;
}

/** Experiments whose units arrive exactly as declared: every alarm is false. */
export function falseAlarms(
  { sharesAt }: SplitScenario,
  runs: number,
  seed: number,
  alpha: number,
): SplitAlarms {
  const alarms = { runs, sequential: 0, peeking: 0, once: 0 };
  for (let r = 0; r < runs; r++) {
    const random = createRandom(seed).fork(`split ${r}`);
    let evidence = noArrivals(sharesAt(0).length);
    let [isSequential, isPeeking, last] = [false, false, 1];
    for (let look = 0; look < LOOKS; look++) {
      const shares = sharesAt(look);
      const counts = shares.map(() => 0);
      for (let k = 0; k < UNITS_PER_LOOK; k++) {
        let u = random.uniform();
        let i = 0;
        while (i < shares.length - 1 && u >= shares[i]) u -= shares[i++];
        counts[i]++;
      }
      evidence = addArrivals(evidence, counts, shares);
      isSequential ||= evidence.logBayesFactor >= Math.log(1 / alpha);
      last = chiSquarePValue(evidence.observed, evidence.expected) ?? 1;
      isPeeking ||= last <= alpha;
    }
    if (isSequential) alarms.sequential++;
    if (isPeeking) alarms.peeking++;
    if (last <= alpha) alarms.once++;
  }
  return alarms;
}
