import { describe, expect, it } from 'vitest';
import { forestPlot } from '../../../offline/reports/forest-plot.ts';
import { html } from '../../../offline/reports/html.ts';
import { figure, page } from '../../../offline/reports/page.ts';

describe('reports', () => {
  it('escape what they are given', () => {
    expect(html`<b>${'<script>"&'}</b>`.markup).toBe('<b>&lt;script&gt;&quot;&amp;</b>');
  });

  it('need neither script nor network', () => {
    const text = page('title', html`<p>x</p>`);
    expect(text).not.toMatch(/<script|https?:/);
    expect(text).toContain('name="viewport"');
  });

  it('print a dash for what is not a number, never a 0', () => {
    expect([Number.NaN, 1 / 3, 12, 0.00001234].map(figure)).toEqual(['–', '0.3333', '12', '1.23e-5']);
  });

  it('draw an interval, a point and the reference line of every estimate', () => {
    const svg = forestPlot([{ label: 'snips', value: 0.005, lower: 0.004, upper: 0.007 }], {
      axis: 'click',
      reference: { label: 'truth', value: 0.0055 },
    });
    expect(svg).toMatch(/^<svg/);
    for (const text of ['snips', 'click', 'truth']) expect(svg).toContain(text);
    expect(svg).toContain('stroke="#b4471b"');
  });
});
