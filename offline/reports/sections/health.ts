import type { HealthRecord } from '../../../src/core/ope/report.ts';
import type { WeightHistogram } from '../../evaluation/weight-histogram.ts';
import { chartFigure, colors } from '../charts/chart.ts';
import { clipSweepPlot } from '../charts/clip-sweep-plot.ts';
import { forestPlot } from '../charts/forest-plot.ts';
import { weightPlot } from '../charts/weight-plot.ts';
import { html, type Html } from '../html.ts';
import { figure, percentage, table } from '../page.ts';
import type { PopulationView } from '../view.ts';

type HealthRow = readonly [what: string, value: string, meaning: string];

export interface HealthContext {
  readonly weights?: WeightHistogram | null | undefined;
  /** In the order of the sweep's values: that of the log. */
  readonly responses: readonly string[];
  /** Names of actions, where they are known. */
  readonly actions?: readonly string[] | undefined;
  /** More lines of the same kind: what, value, meaning. */
  readonly extra?: readonly HealthRow[];
}

/** Whether the log can answer the question at all: numbers with their meaning, weights, clip sweep, propensities. */
export function healthSection({ log, health }: PopulationView, context: HealthContext): Html {
  return html`<h2>Can the log answer this?</h2>
    ${table(
      ['what', 'value'],
      [...healthRows(log, health), ...(context.extra ?? [])].map(([what, value, meaning]) => [
        html`${what}<br /><span class="soft">${meaning}</span>`,
        html`<strong>${value}</strong>`,
      ]),
    )}
    ${weightsPart(context.weights)} ${sweepPart(health, context.responses)}
    ${calibrationPart(health, context.actions)}`;
}

function healthRows(log: PopulationView['log'], health: HealthRecord): HealthRow[] {
  const { meanWeight, meanWeightStandardError: error, meanSupportedActions: actions } = health;
  return [
    ['decisions, units', `${log.rounds}, ${log.units}`, 'rows of the log, and who they were made for'],
    [
      'effective sample size',
      figure(health.effectiveSampleSize),
      'equally weighted units that would know as much',
    ],
    [
      'mean weight',
      Number.isFinite(meanWeight) ? `${figure(meanWeight)}\u00a0±\u00a0${figure(error)}` : '–',
      'should be 1; far from it, propensities are wrong or support is missing',
    ],
    ['largest weight', figure(health.maxWeight), 'one decision counts this many times'],
    ['largest unit', percentage(health.maxWeightShare), 'share of all weight on one unit'],
    [
      'unsupported',
      percentage(health.unsupportedFraction),
      'share of the valued policy on actions that the log never shows',
    ],
    [
      'small propensities',
      percentage(health.smallPropensityFraction),
      'decisions that the valued policy could make, with a propensity below 0.01',
    ],
    ['clipped', percentage(health.clippedFraction), 'decisions whose weight was cut'],
    [
      'mean 1/propensity',
      figure(health.meanInversePropensity),
      `should be near ${figure(actions)}, the number of actions to choose from`,
    ],
  ];
}

function weightsPart(weights: WeightHistogram | null | undefined): Html {
  if (weights === null || weights === undefined) return html``;
  const tail = weights.tail.map(
    ({ rowShare, weightShare }) => `${percentage(rowShare)} hold ${percentage(weightShare)}`,
  );
  return html`<h3>Weights</h3>
    ${chartFigure(
      weightPlot(weights),
      'Where the decisions are and where the weight is. Weight far to the right rests on few decisions.',
    )}
    <p class="soft">Of the weight, the heaviest ${tail.join(', ')}.</p>
    ${table(
      weights.quantiles.map(({ p }) => (p === 1 ? 'largest' : p === 0.5 ? 'median' : percentage(p))),
      [weights.quantiles.map(({ weight }) => weight)],
    )}`;
}

function sweepPart({ clipSweep }: HealthRecord, responses: readonly string[]): Html {
  if (clipSweep.length === 0 || clipSweep[0].values.length !== responses.length) return html``;
  return html`<h3>Clip sweep</h3>
    ${responses.map((response, at) =>
      chartFigure(
        clipSweepPlot(
          clipSweep.map(({ clip, values }) => ({ clip, value: values[at] })),
          response,
        ),
        `${response} by ips when weights are clipped. A flat line does not hang on the largest weights.`,
      ),
    )}`;
}

const SHOWN = 12;

function calibrationPart({ calibration = [] }: HealthRecord, actions: readonly string[] | undefined): Html {
  const known = calibration.filter(({ ratio }) => Number.isFinite(ratio));
  if (known.length === 0) return html``;
  const off = ({ ratio, standardError }: (typeof known)[number]): number =>
    standardError > 0 ? Math.abs(ratio - 1) / standardError : Math.abs(ratio - 1);
  const worst = [...known].sort((a, b) => off(b) - off(a)).slice(0, SHOWN);
  const rows = worst
    .sort((a, b) => a.action - b.action)
    .map(({ action, ratio, standardError }) => ({
      label: actions?.[action] ?? `action ${action}`,
      value: ratio,
      lower: ratio - 2 * standardError,
      upper: ratio + 2 * standardError,
    }));
  const which = known.length > SHOWN ? ` The ${SHOWN} of ${known.length} actions furthest from 1.` : '';
  const below = known[0].isExact ? '' : ' Below 1 where an action was not always available.';
  return html`<h3>Propensity calibration</h3>
    ${chartFigure(
      forestPlot(rows, {
        axis: 'served / expected',
        references: [{ label: 'as promised', value: 1, color: colors.logMean }],
      }),
      `How often actions were served against how often their propensities say, ± 2 standard errors.${below}${which}`,
    )}`;
}
