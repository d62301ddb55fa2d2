import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../api/app.ts';
import { createApiWorld, liveFeed, type ApiWorld } from '../support/api-world.ts';

interface Page {
  readonly runs: readonly { readonly id: string; readonly surface: string; readonly report: string | null }[];
  readonly next: string | null;
}

describe('runs over HTTP', () => {
  const COUNT = 120;
  let world: ApiWorld;
  let api: ReturnType<typeof supertest>;
  let everywhere: string;
  let limited: string;
  beforeAll(async () => {
    world = await createApiWorld();
    await world.declare(liveFeed);
    await world.declare(liveFeed, 'other-feed');
    const actor = { tenant: 'acme', id: 'test' };
    for (let i = 0; i < COUNT; i += 1) {
      const surface = i % 3 === 0 ? 'other-feed' : 'live-feed';
      await world.stores.runs.create({ id: `r${String(i)}`, kind: 'training', surface, config: {} }, actor);
    }
    await world.stores.runs.finish('acme', 'r0', { result: {}, reportHtml: '<p>a long report</p>' });
    api = supertest(createApp(world.services));
    [everywhere, limited] = [
      await world.key('reader'),
      await world.key('reader', { surfaces: ['other-feed'] }),
    ];
  });
  afterAll(() => world.stop());

  const get = (query: string, key = everywhere) =>
    api.get(`/v1/training-runs${query}`).set('authorization', `Bearer ${key}`);
  const pagesOf = async (query: string, key?: string): Promise<readonly Page[]> => {
    const pages: Page[] = [];
    for (let next: string | null = ''; next !== null;) {
      const before: string = next === '' ? '' : `&before=${next}`;
      const page = (await get(`${query}${before}`, key)).body as Page;
      pages.push(page);
      next = page.next;
    }
    return pages;
  };

  it('come in pages of a hundred, each run once, without the text of reports', async () => {
    const pages = await pagesOf('?');
    expect(pages.map(({ runs }) => runs.length)).toEqual([100, 20]);
    const all = pages.flatMap(({ runs }) => runs);
    expect(new Set(all.map(({ id }) => id)).size).toBe(COUNT);
    expect(all.filter(({ report }) => report !== null)).toMatchObject([
      { id: 'r0', report: '/v1/training-runs/r0/report' },
    ]);
    expect(JSON.stringify(all)).not.toMatch(/long report|hasReport|reportHtml/);
    expect((await get('/r0')).body).toMatchObject({ id: 'r0', report: '/v1/training-runs/r0/report' });
  });

  it('of a key for one surface fill its pages with that surface', async () => {
    const pages = await pagesOf('?limit=15', limited);
    expect(pages.map(({ runs }) => runs.length)).toEqual([15, 15, 10]);
    for (const { surface } of pages.flatMap(({ runs }) => runs)) expect(surface).toBe('other-feed');
    expect((await get('?surface=live-feed', limited)).status).toBe(403);
  });

  it('refuse a page that is none, and come before nothing that there is not', async () => {
    for (const query of ['?limit=0', '?limit=x', `?before=${'x'.repeat(300)}`]) {
      const refused = await get(query);
      expect(refused.status).toBe(400);
      expect(refused.body).toMatchObject({ violations: [{ field: query.slice(1).split('=')[0] }] });
    }
    expect((await get('?before=nobody')).body).toEqual({ runs: [], next: null });
  });
});
