import type { RunQuery, RunStore, RunSummary } from '../ports/runs.ts';

const PAGE = 200;

/** All runs that are asked for, newest first, page by page: for whoever must not miss one. */
export async function* everyRun(
  runs: Pick<RunStore, 'list'>,
  tenant: string,
  query: RunQuery,
): AsyncGenerator<RunSummary> {
  for (let before: string | null | undefined; before !== null;) {
    const page = await runs.list(tenant, {
      ...query,
      limit: PAGE,
      ...(before === undefined ? {} : { before }),
    });
    yield* page.runs;
    before = page.next;
  }
}
