import * as echarts from 'echarts';

export interface ForestRow {
  readonly label: string;
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
}

/**
 * Point estimates with their intervals, one row each, as a static SVG (no script in the page). `truth` draws a
 * vertical line where the answer is known.
 */
export function forestPlot(
  rows: readonly ForestRow[],
  options: { readonly axis: string; readonly reference?: { readonly label: string; readonly value: number } },
): string {
  const chart = echarts.init(null, null, {
    renderer: 'svg',
    ssr: true,
    width: 680,
    height: 70 + 34 * rows.length,
  });
  const ordered = [...rows].reverse();
  chart.setOption({
    animation: false,
    grid: { left: 130, right: 30, top: 24, bottom: 42 },
    xAxis: { type: 'value', scale: true, name: options.axis, nameLocation: 'middle', nameGap: 26 },
    yAxis: { type: 'category', data: ordered.map((row) => row.label), axisTick: { show: false } },
    series: [
      {
        type: 'custom',
        encode: { x: [0, 1], y: 2 },
        data: ordered.map((row, index) => [row.lower, row.upper, index]),
        renderItem: renderInterval,
      },
      {
        type: 'scatter',
        symbolSize: 9,
        itemStyle: { color: '#0b5cad' },
        data: ordered.map((row, index) => [row.value, index]),
        ...(options.reference === undefined ? {} : { markLine: referenceLine(options.reference) }),
      },
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function referenceLine(reference: { readonly label: string; readonly value: number }): object {
  return {
    symbol: 'none',
    // ECharts rounds the line's place to two decimals unless told; rates are smaller than that.
    precision: 15,
    lineStyle: { color: '#b4471b', type: 'dashed' },
    label: { formatter: reference.label, position: 'end' },
    data: [{ xAxis: reference.value }],
  };
}

interface RenderApi {
  value(dimension: number): number;
  coord(point: readonly [number, number]): [number, number];
}

function renderInterval(_: unknown, api: RenderApi): object {
  const [fromX, y] = api.coord([api.value(0), api.value(2)]);
  const [toX] = api.coord([api.value(1), api.value(2)]);
  const style = { stroke: '#0b5cad', lineWidth: 2 };
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
