import { figure } from '../page.ts';
import { colors, drawChart, text } from './chart.ts';

export interface SweepPoint {
  /** null: no clip. */
  readonly clip: number | null;
  readonly value: number;
}

/** An estimate by the clip of its weights. A flat line does not hang on the largest weights. */
export function clipSweepPlot(points: readonly SweepPoint[], axis: string): string {
  return drawChart(
    {
      grid: { left: 66, right: 18, top: 14, bottom: 46 },
      xAxis: {
        type: 'category',
        name: 'weights above this count as this',
        nameLocation: 'middle',
        nameGap: 26,
        nameTextStyle: text,
        data: points.map(({ clip }) => (clip === null ? 'none' : String(clip))),
        axisLabel: text,
      },
      yAxis: {
        type: 'value',
        scale: true,
        splitNumber: 3,
        name: axis,
        nameLocation: 'middle',
        nameGap: 50,
        nameTextStyle: text,
        axisLabel: { ...text, formatter: figure },
      },
      series: [
        {
          type: 'line',
          symbol: 'circle',
          symbolSize: 8,
          lineStyle: { color: colors.estimate },
          itemStyle: { color: colors.estimate },
          data: points.map(({ value }) => value),
        },
      ],
    },
    190,
  );
}
