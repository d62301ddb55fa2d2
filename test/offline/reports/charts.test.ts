import { describe, expect, it } from 'vitest';
import { weightHistogram } from '../../../offline/evaluation/weight-histogram.ts';
import { chartFigure, legend } from '../../../offline/reports/charts/chart.ts';
import { clipSweepPlot } from '../../../offline/reports/charts/clip-sweep-plot.ts';
import { forestPlot } from '../../../offline/reports/charts/forest-plot.ts';
import { weightPlot } from '../../../offline/reports/charts/weight-plot.ts';

/** Every dashed vertical line of a colour: its x. */
function dashedAt(svg: string, color: string): number[] {
  const paths = [...svg.matchAll(/<path d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"[^>]*stroke="(#\w+)"/g)];
  return paths
    .filter(([, x1, y1, x2, y2, stroke]) => stroke === color && x1 === x2 && y1 !== y2)
    .map(([, x]) => Number(x));
}

describe('a forest plot', () => {
  const rows = [
    { label: 'snips', value: 0.005, lower: 0.004, upper: 0.007 },
    { label: 'a <weak> one', value: 0.006, lower: 0.002, upper: 0.009, isWeak: true },
  ];

  it('draws an interval, a point and the lines of what is known, as text and geometry without a script', () => {
    const svg = forestPlot(rows, {
      axis: 'click',
      references: [
        { label: 'truth', value: 0.0055, error: 0.0004 },
        { label: 'log mean', value: 0.0031, color: '#6b7785' },
      ],
    });
    expect(svg).toMatch(/^<svg/);
    for (const text of ['snips', 'click', 'truth 0.0055', 'log mean 0.0031']) expect(svg).toContain(text);
    expect(svg).toContain('a &lt;weak&gt; one');
    expect(svg).not.toMatch(/<script|<image|href=/);
    expect(svg.match(/fill="#fff"[^>]*stroke="#0b5cad"/g)).toHaveLength(1);
  });

  it('places a small rate where it is, not at two decimals', () => {
    const at = (value: number): number =>
      dashedAt(forestPlot(rows, { axis: 'click', references: [{ label: 'truth', value }] }), '#b4471b')[0];
    const [left, middle, right] = [0.003, 0.005, 0.007].map(at);
    expect(middle - left).toBeGreaterThan(20);
    expect(middle - left).toBeCloseTo(right - middle, 0);
  });

  it('survives rows without any width and references that are not numbers', () => {
    const svg = forestPlot([{ label: 'x', value: 0, lower: 0, upper: 0 }], {
      axis: 'y',
      references: [{ label: 'unknown', value: NaN }],
    });
    expect(svg).not.toContain('NaN');
    expect(svg).not.toContain('unknown');
  });
});

describe('a legend', () => {
  it('gives every label the room of its letters', () => {
    const texts = legend([
      { label: 'a long label here', color: '#000' },
      { label: 'b', color: '#000' },
    ]).flatMap((part) => ('left' in part ? [part.left as number] : []));
    expect(texts[1] - texts[0]).toBeGreaterThan(7 * 'a long label here'.length);
  });
});

describe('the other charts', () => {
  it('show every clip of a sweep by name', () => {
    const svg = clipSweepPlot(
      [
        { clip: 2, value: 0.002 },
        { clip: null, value: 0.003 },
      ],
      'click',
    );
    for (const text of ['click', '>2<', '>none<']) expect(svg).toContain(text);
  });

  it('show both shares of the weights', () => {
    const svg = weightPlot(weightHistogram(Float64Array.of(0, 0.5, 1, 40)));
    for (const text of ['share of rows', 'share of weight', '>64<', '>0.5<']) expect(svg).toContain(text);
  });

  it('say in words what they show', () => {
    expect(chartFigure('<svg/>', 'a < b').markup).toContain('aria-label="a &lt; b"');
  });
});

describe('a histogram of weights', () => {
  const histogram = weightHistogram(Float64Array.from({ length: 1000 }, (_, i) => (i === 0 ? 111 : i % 2)));

  it('loses no row and no weight', () => {
    const sum = (of: 'rowShare' | 'weightShare') => histogram.bins.reduce((total, bin) => total + bin[of], 0);
    expect(sum('rowShare')).toBeCloseTo(1, 12);
    expect(sum('weightShare')).toBeCloseTo(1, 12);
  });

  it('keeps weights of 0 by themselves and the edge of a bin inside it', () => {
    expect(histogram.bins[0]).toMatchObject({ to: 0, rowShare: 0.499, weightShare: 0 });
    expect(histogram.bins.find(({ to }) => to === 1)?.rowShare).toBe(0.5);
    expect(histogram.bins[histogram.bins.length - 1]).toMatchObject({ from: 64, to: 128, rowShare: 0.001 });
  });

  it('has no end that JSON could not say, however large a weight', () => {
    const { bins } = weightHistogram(Float64Array.of(0, 1, 5000));
    expect(bins[0]).toMatchObject({ from: 0, to: 0 });
    expect(bins[bins.length - 1]).toMatchObject({ from: 1024, to: 5000 });
    expect(JSON.parse(JSON.stringify(bins))).toEqual(bins);
  });

  it('knows what the heaviest rows hold', () => {
    expect(histogram.tail[0]).toEqual({ rowShare: 0.001, weightShare: 111 / 611 });
    expect(histogram.quantiles.map(({ weight }) => weight)).toEqual([1, 1, 1, expect.closeTo(1.11, 1), 111]);
  });
});
