import type { CurvePoint } from '../../learning/run/learner.ts';
import { chartFigure } from '../charts/chart.ts';
import { curvePlot, type CurveLine } from '../charts/curve-plot.ts';
import { html, type Html } from '../html.ts';
import { listed } from '../page.ts';
import type { RateLine } from '../training-view.ts';

/** Metrics that are read together, in the order in which one looks at a training. */
interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly belongs: (metric: string) => boolean;
  readonly reads: string;
}

const panels: readonly Panel[] = [
  {
    title: 'Losses',
    unit: 'loss',
    belongs: (name) => /loss/i.test(name),
    reads:
      'mean of the steps since the last point; of one kind comparable within a phase, not between phases',
  },
  {
    title: 'Action values',
    unit: 'mean |Q|',
    belongs: (name) => name === 'meanAbsQ' || name === 'qBound',
    reads:
      'dashed: max |r| / (1 − γ), beyond which no honest value lies; in standard deviations of the reward',
  },
  {
    title: 'Allocating share',
    unit: 'share',
    belongs: (name) => name.startsWith('allocatingShare'),
    reads:
      'mean probability of allocating on held states, overall and by group; dashed: the behaviour overall',
  },
  {
    title: 'Entropy',
    unit: 'of the largest',
    belongs: (name) => name === 'normalisedEntropy',
    reads: 'mean entropy of the policy on held states: 1 is even odds, 0 is no choice any more',
  },
  {
    title: 'Distance to the behaviour',
    unit: 'KL, nats',
    belongs: (name) => name === 'klToBehavior',
    reads: 'mean KL(π ‖ μ) on held states, where the log tells μ',
  },
  {
    title: 'Validation',
    unit: 'main response',
    belongs: (name) => name === 'validationValue',
    reads:
      'Σ w r / Σ w of the main response per decision on validation rows: a screen, noisier than the evaluation',
  },
];

/** The curves of every phase, panel by panel; what no panel knows stands together at the end. */
export function curvesSection(curve: readonly CurvePoint[], rates: readonly RateLine[]): Html {
  const phases = [...new Set(curve.map(({ phase }) => phase))];
  if (phases.length === 0)
    return html`<h2>Curves</h2>
      <p>It stopped before the first point of a curve.</p>`;
  return html`<h2>Curves</h2>
    ${phases.map((phase) =>
      phasePart(
        phase,
        curve.filter((point) => point.phase === phase),
        rates,
      ),
    )}`;
}

function phasePart(phase: string, points: readonly CurvePoint[], rates: readonly RateLine[]): Html {
  const names = [...new Set(points.flatMap(({ metrics }) => Object.keys(metrics)))];
  const known = panels.map((panel) => ({ panel, own: names.filter(panel.belongs) }));
  const others = names.filter((name) => !panels.some(({ belongs }) => belongs(name)));
  return html`<h3>${phase}</h3>
    ${known
      .filter(({ own }) => own.length > 0)
      .map(({ panel, own }) => panelPart(phase, panel, own, points, rates))}
    ${others.map((name) => otherPart(phase, name, points))}`;
}

function panelPart(
  phase: string,
  { title, unit, reads }: Panel,
  names: readonly string[],
  points: readonly CurvePoint[],
  rates: readonly RateLine[],
): Html {
  const lines = names.map((name) => lineOf(name, points, name === 'qBound'));
  const overall = rates.find(({ group }) => group === null);
  if (title === 'Allocating share' && overall !== undefined) {
    const ends = [points[0].step, points[points.length - 1].step] as const;
    lines.push({
      name: 'behaviour',
      isReference: true,
      points: ends.map((step) => [step, overall.behavior] as const),
    });
  }
  const svg = curvePlot(lines, unit);
  return chartFigure(svg, `${title}, ${phase}: ${listed(lines.map(({ name }) => name))}. ${reads}.`);
}

const otherPart = (phase: string, name: string, points: readonly CurvePoint[]): Html =>
  html`<details>
    <summary>${name}</summary>
    ${chartFigure(curvePlot([lineOf(name, points, false)], name), `${name}, ${phase}.`)}
  </details>`;

const lineOf = (name: string, points: readonly CurvePoint[], isReference: boolean): CurveLine => ({
  ...{ name, isReference },
  points: points
    .filter(({ metrics }) => Number.isFinite(metrics[name]))
    .map(({ step, metrics }) => [step, metrics[name]] as const),
});
