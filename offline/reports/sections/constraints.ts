import type { ConstraintEvidence } from '../../evaluation/constraint-evidence.ts';
import { chartFigure } from '../charts/chart.ts';
import { forestPlot } from '../charts/forest-plot.ts';
import { html, type Html } from '../html.ts';
import { figure, range, table } from '../page.ts';

const meanings = {
  satisfied: html`<span class="good">satisfied</span>`,
  violated: html`<span class="bad">violated</span>`,
  undecided: html`undecided`,
} as const;

/** Costs and shares with the bounds that count, against their thresholds. */
export function constraintsSection(constraints: readonly ConstraintEvidence[]): Html {
  if (constraints.length === 0) return html``;
  return html`<h2>Constraints</h2>
    <p class="soft">
      A limit from above counts as kept when the upper bound is below it, one from below when the lower bound
      is above it. Bounds stay valid when weights are clipped.
    </p>
    ${plot(constraints)}
    ${table(
      ['constraint', 'estimand', 'state', 'bound that counts', 'threshold', 'both bounds'],
      constraints.map((constraint) => [
        `${constraint.name} (${constraint.on})`,
        constraint.estimand,
        meanings[constraint.state],
        figure(boundThatCounts(constraint)),
        `${constraint.direction === 'at-most' ? '≤' : '≥'} ${figure(constraint.threshold)}`,
        constraint.bounds === null ? '' : constraint.isExact ? 'exact' : range(constraint.bounds),
      ]),
      'stack',
    )}
    ${constraints.map(({ name, reason }) =>
      reason === null ? '' : html`<p class="soft">${name}: ${reason}.</p>`,
    )}`;
}

/** Towards the threshold; where a violation is proven, the bound that proves it. */
function boundThatCounts({ bounds, direction, state }: ConstraintEvidence): number {
  if (bounds === null) return NaN;
  return (direction === 'at-most') === (state !== 'violated') ? bounds.upper : bounds.lower;
}

/** Each in units of its own threshold, so that all fit on one axis. */
function plot(constraints: readonly ConstraintEvidence[]): Html {
  const rows = constraints.flatMap(({ name, direction, threshold, bounds }) => {
    if (bounds === null || !(threshold > 0)) return [];
    const [lower, upper] = [bounds.lower / threshold, bounds.upper / threshold];
    const label = `${name} ${direction === 'at-most' ? '≤' : '≥'}`;
    return [{ label, value: (lower + upper) / 2, lower, upper }];
  });
  if (rows.length === 0) return html``;
  return chartFigure(
    forestPlot(rows, { axis: 'value / threshold', references: [{ label: 'threshold', value: 1 }] }),
    'Each constraint in units of its threshold: ≤ must end left of the line, ≥ must begin right of it.',
  );
}
