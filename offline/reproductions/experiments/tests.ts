import { contrast, type Contrast, type Stratum } from '../../../src/core/experiment/statistics/contrast.ts';
import { mixtureVarianceAt } from '../../../src/core/experiment/statistics/normal-mixture.ts';
import type { TestMethod } from '../../../src/core/experiment/statistics/test-interval.ts';
import { project, type ArmState } from './arm.ts';
import { horizonOf, type Design } from './design.ts';

/** Both arms at a look, with the batches (days of first assignment) so far. */
export interface Arms {
  readonly control: ArmState;
  readonly treatment: ArmState;
  readonly days: readonly Stratum[];
}

export interface LookedTest {
  readonly name: string;
  /** What it claims about looking at every look. */
  readonly claim: 'any look' | 'one look' | 'none';
  readonly onlyLast?: true;
  readonly estimate: (arms: Arms) => Contrast | null;
  readonly method: (design: Design, variancePerUnit: VariancePerUnit) => TestMethod;
}

/** se² n of an effect by kind, from the population: what a period before the experiment would give. */
export interface VariancePerUnit {
  readonly mean: number;
  readonly ratio: number;
}

const pooled =
  (chosen: readonly number[], kind: 'mean' | 'ratio') =>
  ({ control, treatment }: Arms): Contrast | null =>
    contrast([{ control: project(control.total, chosen), treatment: project(treatment.total, chosen) }], {
      kind,
    });

const byDay = ({ days }: Arms): Contrast | null =>
  contrast(
    days.map(({ control, treatment }) => ({
      control: project(control, [0, 1]),
      treatment: project(treatment, [0, 1]),
    })),
    { kind: 'ratio' },
  );

/** Decisions as if each were a unit of its own. */
function decisionsAlone({ control, treatment }: Arms): Contrast | null {
  const moments = ({ rows: { n, sum, squares } }: ArmState) => ({
    units: n,
    mean: [sum / n],
    squares: [squares - (sum * sum) / n],
  });
  return contrast([{ control: moments(control), treatment: moments(treatment) }], { kind: 'mean' });
}

const tunedAt = (design: Design): number => design.tunedAt * horizonOf(design);
const sequence = (design: Design): TestMethod => ({ kind: 'confidence-sequence', tunedAt: tunedAt(design) });
const msprt =
  (kind: keyof VariancePerUnit) =>
  (design: Design, variance: VariancePerUnit): TestMethod => ({
    kind: 'msprt',
    mixtureVariance: mixtureVarianceAt(variance[kind], tunedAt(design), design.alpha),
  });
const fixed = (): TestMethod => ({ kind: 'fixed' });

export const lookedTests: readonly LookedTest[] = [
  { name: 'sequence, watch per unit', claim: 'any look', estimate: pooled([0], 'mean'), method: sequence },
  {
    name: 'sequence, per unit, winsorised',
    claim: 'any look',
    estimate: pooled([6], 'mean'),
    method: sequence,
  },
  {
    name: 'sequence, watch per decision',
    claim: 'any look',
    estimate: pooled([0, 1], 'ratio'),
    method: sequence,
  },
  {
    name: 'sequence, per decision, CUPED',
    claim: 'any look',
    estimate: pooled([0, 1, 2, 3], 'ratio'),
    method: sequence,
  },
  { name: 'sequence, per decision, by day', claim: 'any look', estimate: byDay, method: sequence },
  { name: 'mSPRT, watch per unit', claim: 'any look', estimate: pooled([0], 'mean'), method: msprt('mean') },
  {
    name: 'mSPRT, watch per decision',
    claim: 'any look',
    estimate: pooled([0, 1], 'ratio'),
    method: msprt('ratio'),
  },
  {
    name: 't, watch per unit, last look only',
    claim: 'one look',
    onlyLast: true,
    estimate: pooled([0], 'mean'),
    method: fixed,
  },
  {
    name: 't, watch per unit, at every look (peeking)',
    claim: 'none',
    estimate: pooled([0], 'mean'),
    method: fixed,
  },
  {
    name: 'sequence over decisions as if independent',
    claim: 'none',
    estimate: decisionsAlone,
    method: (design) => ({ kind: 'confidence-sequence', tunedAt: 10 * tunedAt(design) }),
  },
];

/** Guardrails: short-video seconds per decision, hides per decision, decisions per unit; each with a third of α. */
export const guardrails = [
  { name: 'short watch per decision', estimate: pooled([5, 1], 'ratio'), better: 'higher' },
  { name: 'hides per decision', estimate: pooled([4, 1], 'ratio'), better: 'lower' },
  { name: 'decisions per unit', estimate: pooled([1], 'mean'), better: 'higher' },
] as const;
