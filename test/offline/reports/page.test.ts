import { describe, expect, it } from 'vitest';
import { html } from '../../../offline/reports/html.ts';
import { figure, listed, page, percentage, range, table } from '../../../offline/reports/page.ts';
import { estimatorTerms } from '../../../offline/reports/terms.ts';
import { banditEstimatorIds } from '../../../src/core/ope/estimators.ts';
import { sequentialEstimators } from '../../../src/core/ope/sequential/sequential-estimators.ts';

describe('a page', () => {
  it('escapes what it is given', () => {
    expect(html`<b>${'<script>"&'}</b>`.markup).toBe('<b>&lt;script&gt;&quot;&amp;</b>');
    expect(page('<i>', html`x`)).toContain('<title>&lt;i&gt;</title>');
  });

  it('needs neither script nor network', () => {
    const text = page('title', html`<p>x</p>`);
    expect(text).not.toMatch(/<script|https?:|url\((?!#)|@import/);
    expect(text).toContain('name="viewport"');
  });

  it('prints a dash for what is not a number, never a 0', () => {
    expect([Number.NaN, 1 / 3, 12, 0.00001234].map(figure)).toEqual(['–', '0.3333', '12', '1.23e-5']);
    expect([percentage(NaN), percentage(0.123456)]).toEqual(['–', '12.3\u00a0%']);
    expect(range({ lower: 0.1, upper: NaN })).toBe('0.1\u00a0…\u00a0–');
  });

  it('lists as a sentence does', () => {
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(listed)).toEqual(['', 'a', 'a and b', 'a, b and c']);
  });

  it('names every cell for a phone, escaped too', () => {
    const { markup } = table(['na"me', 'value'], [['x', 1.5]], 'stack');
    expect(markup).toContain('data-label="na&quot;me"');
    expect(markup).toContain('class="number" data-label="value"');
  });
});

describe('terms', () => {
  it('explain every estimator in a line', () => {
    const ids = [
      ...banditEstimatorIds,
      ...Object.keys(sequentialEstimators),
    ] as (keyof typeof estimatorTerms)[];
    for (const id of ids) expect(estimatorTerms[id], id).toMatch(/^[^\n]{20,130}$/);
  });
});
