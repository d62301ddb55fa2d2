import type { WeightHistogram } from '../../evaluation/weight-histogram.ts';
import { figure } from '../page.ts';
import { colors, drawChart, text } from './chart.ts';

/** Shares of rows and of weight by the size of the weight: where the rows are, and where the estimate comes from. */
export function weightPlot({ bins }: WeightHistogram): string {
  const rows = bins.map(({ rowShare }) => rowShare);
  const weight = bins.map(({ weightShare }) => weightShare);
  return drawChart(
    {
      legend: {
        top: 0,
        left: 8,
        itemWidth: 12,
        itemHeight: 12,
        itemGap: 34,
        textStyle: text,
        selectedMode: false,
      },
      grid: { left: 48, right: 14, top: 32, bottom: 60 },
      xAxis: weightAxis(bins.map(({ to }) => figure(to))),
      yAxis: {
        type: 'value',
        splitNumber: 4,
        axisLabel: { ...text, formatter: (share: number) => `${figure(100 * share)} %` },
      },
      series: [bars('share of rows', colors.soft, rows), bars('share of weight', colors.estimate, weight)],
    },
    220,
  );
}

const weightAxis = (labels: readonly string[]): object => ({
  type: 'category',
  name: 'weight up to',
  nameLocation: 'middle',
  nameGap: 42,
  nameTextStyle: text,
  data: labels,
  axisLabel: { ...text, interval: 0, rotate: 40 },
});

const bars = (name: string, color: string, data: readonly number[]): object => ({
  type: 'bar',
  name,
  barGap: '5%',
  barCategoryGap: '20%',
  itemStyle: { color },
  data,
});
