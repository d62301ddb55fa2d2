import { colors, drawChart, legend } from '../../offline/reports/charts/chart.ts';
import type { Minute } from './minute.ts';

const PANEL_HEIGHT = 190;

interface Panel {
  readonly title: string;
  readonly series: readonly {
    readonly label: string;
    readonly of: (minute: Minute) => number;
    readonly color: string;
  }[];
}

const panels: readonly Panel[] = [
  {
    title: 'latency of a decision, ms',
    series: [
      { label: 'p50', of: (m) => m.p50Ms, color: colors.estimate },
      { label: 'p99', of: (m) => m.p99Ms, color: colors.truth },
      { label: 'p99.9', of: (m) => m.p999Ms, color: colors.logMean },
    ],
  },
  {
    title: 'memory of the process, MiB',
    series: [
      { label: 'heap, lowest', of: (m) => m.heapMinMb, color: colors.estimate },
      { label: 'heap, highest', of: (m) => m.heapMaxMb, color: colors.logMean },
      { label: 'RSS, highest', of: (m) => m.rssMb, color: colors.truth },
    ],
  },
  {
    title: 'records waiting in the journal, highest of each minute',
    series: [{ label: 'records', of: (m) => m.journalRecords, color: colors.estimate }],
  },
];

/** Three panels under one another, minutes to the right. */
export function soakSvg(minutes: readonly Minute[]): string {
  const text = { fontSize: 12, fontWeight: 'normal' } as const;
  return drawChart(
    {
      title: panels.map(({ title }, n) => ({ text: title, top: n * PANEL_HEIGHT, left: 8, textStyle: text })),
      graphic: panels.map(({ series }, n) => ({
        type: 'group',
        top: n * PANEL_HEIGHT + 18,
        left: 8,
        children: legend(series),
      })),
      grid: panels.map((_, n) => ({
        top: n * PANEL_HEIGHT + 46,
        height: PANEL_HEIGHT - 92,
        left: 52,
        right: 16,
      })),
      xAxis: panels.map((_, n) => ({
        type: 'value',
        gridIndex: n,
        min: 1,
        max: Math.max(2, minutes.length),
        minInterval: 1,
        name: 'minute',
        nameLocation: 'middle',
        nameGap: 22,
        splitLine: { show: false },
      })),
      yAxis: panels.map((_, n) => ({ type: 'value', gridIndex: n, min: 0, splitNumber: 3 })),
      series: panels.flatMap(({ series }, n) =>
        series.map(({ of, color }) => ({
          type: 'line',
          xAxisIndex: n,
          yAxisIndex: n,
          symbol: 'none',
          color,
          data: minutes.map((minute) => [minute.minute, of(minute)]),
        })),
      ),
    },
    panels.length * PANEL_HEIGHT,
  );
}
