import * as echarts from 'echarts';
import { html, trusted, type Html } from '../html.ts';

/** Drawn at the width of a phone, so that letters keep their size there; wider screens get it enlarged. */
export const CHART_WIDTH = 400;

export const colors = {
  estimate: '#0b5cad',
  truth: '#b4471b',
  logMean: '#6b7785',
  soft: '#c9d3de',
  ink: '#1d2733',
  bad: '#b31d28',
} as const;

export const text = { color: colors.ink, fontSize: 12, fontFamily: 'system-ui, sans-serif' } as const;

/** An ECharts option as a static SVG: no script in the page. */
export function drawChart(option: object, height: number): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: CHART_WIDTH, height });
  chart.setOption({ animation: false, textStyle: text, ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg.replace(INTERACTION, '');
}

/** What the drawing only needs where a script reacts to a pointer. */
const INTERACTION = /<style[\s\S]*?<\/style>| class="[^"]*"| ecmeta_\w+="[^"]*"| pointer-events="visible"/g;

/** A chart with what it shows in words, for those who cannot see it and those who wonder. */
export const chartFigure = (svg: string, caption: string): Html =>
  html`<figure role="img" aria-label="${caption}">
    ${trusted(svg)}
    <figcaption>${caption}</figcaption>
  </figure>`;

/** A legend line above the plot; entries must not overlap, so each gets the place that its letters need. */
export function legend(entries: readonly { readonly label: string; readonly color: string }[]): object[] {
  let left = 8;
  return entries.flatMap(({ label, color }) => {
    const at = left;
    left += 22 + 7 * label.length;
    const style = { stroke: color, lineWidth: 2, lineDash: [4, 3] };
    return [
      { type: 'line', shape: { x1: at, y1: 10, x2: at + 12, y2: 10 }, style },
      { type: 'text', left: at + 16, top: 4, style: { ...text, text: label, fill: color } },
    ];
  });
}
