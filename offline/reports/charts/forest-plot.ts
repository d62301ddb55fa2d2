import { figure } from '../page.ts';
import { CHART_WIDTH, colors, drawChart, legend, text } from './chart.ts';

export interface ForestRow {
  readonly label: string;
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  /** Drawn hollow: look at it, do not decide on it. */
  readonly isWeak?: boolean;
}

export interface ReferenceLine {
  readonly label: string;
  readonly value: number;
  /** Standard error; a band of twice that on either side is shaded. */
  readonly error?: number;
  readonly color?: string;
}

export interface ForestOptions {
  readonly axis: string;
  readonly references?: readonly ReferenceLine[];
}

/** Point estimates with their intervals, one row each, and vertical lines where something is known. */
export function forestPlot(rows: readonly ForestRow[], { axis, references = [] }: ForestOptions): string {
  const ordered = [...rows].reverse();
  const lines = references.filter(({ value }) => Number.isFinite(value));
  const top = lines.length === 0 ? 12 : 30;
  const labels = Math.min(150, 16 + 7 * Math.max(...rows.map(({ label }) => label.length)));
  const option = {
    grid: { left: labels, right: 18, top, bottom: 46, containLabel: false },
    graphic: legend(lines.map((line) => ({ label: named(line), color: line.color ?? colors.truth }))),
    xAxis: { ...valueAxis(ordered, lines, CHART_WIDTH - labels), name: axis },
    yAxis: {
      type: 'category',
      data: ordered.map((row) => row.label),
      axisTick: { show: false },
      axisLine: { onZero: false, lineStyle: { color: colors.soft } },
      axisLabel: { ...text, width: labels - 14, overflow: 'truncate' },
    },
    series: [...lines.map(referenceSeries), intervalSeries(ordered), pointSeries(ordered)],
  };
  return drawChart(option, top + 46 + 30 * rows.length);
}

const named = ({ label, value }: ReferenceLine): string => `${label} ${figure(value)}`;

/** Everything that is drawn lies inside, with room; ticks as many as their letters leave room for. */
function valueAxis(
  rows: readonly ForestRow[],
  lines: readonly ReferenceLine[],
  width: number,
): Record<string, unknown> {
  const places = [
    ...rows.flatMap(({ lower, upper, value }) => [lower, upper, value]),
    ...lines.flatMap(({ value, error = 0 }) => [value - 2 * error, value + 2 * error]),
  ].filter(Number.isFinite);
  const [low, high] = [Math.min(...places), Math.max(...places)];
  const room = high > low ? (high - low) / 20 : Math.abs(high) / 10 || 1;
  return {
    type: 'value',
    min: low - room,
    max: high + room,
    splitNumber: Math.max(2, Math.floor(width / 90)),
    splitLine: { showMinLine: false, showMaxLine: false },
    nameLocation: 'middle',
    nameGap: 26,
    nameTextStyle: text,
    axisLabel: {
      ...text,
      hideOverlap: true,
      formatter: figure,
      showMinLabel: false,
      showMaxLabel: false,
    },
  };
}

function referenceSeries({ value, error, color = colors.truth }: ReferenceLine): object {
  return {
    type: 'scatter',
    data: [],
    markLine: {
      symbol: 'none',
      silent: true,
      // ECharts rounds the line's place to two decimals unless told; rates are smaller than that.
      precision: 15,
      lineStyle: { color, type: 'dashed', width: 1.5 },
      label: { show: false },
      data: [{ xAxis: value }],
    },
    ...(error === undefined || !(error > 0)
      ? {}
      : {
          markArea: {
            silent: true,
            itemStyle: { color, opacity: 0.1 },
            data: [[{ xAxis: value - 2 * error }, { xAxis: value + 2 * error }]],
          },
        }),
  };
}

const intervalSeries = (rows: readonly ForestRow[]): object => ({
  type: 'custom',
  encode: { x: [0, 1], y: 2 },
  data: rows.map((row, index) => [row.lower, row.upper, index]),
  renderItem: renderInterval,
});

const pointSeries = (rows: readonly ForestRow[]): object => ({
  type: 'scatter',
  symbolSize: 9,
  data: rows.map((row, index) => ({
    value: [row.value, index],
    itemStyle: {
      color: row.isWeak === true ? '#fff' : colors.estimate,
      borderColor: colors.estimate,
      borderWidth: 1.5,
    },
  })),
});

interface RenderApi {
  value(dimension: number): number;
  coord(point: readonly [number, number]): [number, number];
}

function renderInterval(_: unknown, api: RenderApi): object {
  const [fromX, y] = api.coord([api.value(0), api.value(2)]);
  const [toX] = api.coord([api.value(1), api.value(2)]);
  const style = { stroke: colors.estimate, lineWidth: 2 };
  const line = (x1: number, y1: number, x2: number, y2: number): object => ({
    type: 'line',
    shape: { x1, y1, x2, y2 },
    style,
  });
  return {
    type: 'group',
    children: [line(fromX, y, toX, y), line(fromX, y - 5, fromX, y + 5), line(toX, y - 5, toX, y + 5)],
  };
}
