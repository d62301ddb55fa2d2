import { figure } from '../page.ts';
import { colors, drawChart, text } from './chart.ts';

export interface CurveLine {
  readonly name: string;
  /** [step, value] */
  readonly points: readonly (readonly [number, number])[];
  /** Drawn dashed: a bound or a reference, not a measurement. */
  readonly isReference?: boolean;
}

const palette = [colors.estimate, colors.truth, '#2e7d4f', '#7a4fa3', '#a8821a', colors.logMean];

/** Metrics over the steps of one phase; a logarithmic axis where positive values span more than three decades. */
export function curvePlot(lines: readonly CurveLine[], unit: string): string {
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return drawChart(
    {
      legend: { top: 0, left: 8, itemWidth: 14, itemHeight: 8, textStyle: text, selectedMode: false },
      grid: { left: 62, right: 16, top: 24 + 20 * Math.ceil(lines.length / 2), bottom: 44 },
      xAxis: {
        ...{ type: 'value', name: 'step', nameLocation: 'middle', nameGap: 26, nameTextStyle: text },
        ...{ min: 0, axisLabel: text, splitLine: { show: false } },
      },
      yAxis: {
        type: low > 0 && high > 1000 * low ? 'log' : 'value',
        ...{ scale: true, splitNumber: 3, name: unit, nameLocation: 'middle', nameGap: 46 },
        ...{ nameTextStyle: text, axisLabel: { ...text, formatter: figure } },
      },
      series: lines.map((line, i) => seriesOf(line, palette[i % palette.length])),
    },
    210 + 20 * Math.ceil(lines.length / 2),
  );
}

const seriesOf = ({ name, points, isReference = false }: CurveLine, color: string): object => ({
  ...{
    type: 'line',
    name,
    showSymbol: points.length < 2,
    data: points.map(([step, value]) => [step, value]),
  },
  ...{ itemStyle: { color }, lineStyle: { color, width: 1.5, ...(isReference ? { type: 'dashed' } : {}) } },
});
