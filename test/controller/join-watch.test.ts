import { describe, expect, it } from 'vitest';
import { createJoinWatch } from '../../src/controller/join-watch.ts';
import { createMemoryStores } from '../../src/memory/stores.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { actorOf, feedSurface, mintId } from '../contracts/stores/support.ts';
import { decisionEvent, exposureEvent, interactionEvent } from '../support/events.ts';

const START = Date.UTC(2026, 5, 1, 12);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const tenant = 'default';

/** A surface with a window of two minutes, and a clock that tests turn. */
async function world() {
  const stores = createMemoryStores();
  const watch = { name: 'watch', interaction: 'watch', role: 'main', aggregate: 'sum', unit: 'ms' } as const;
  const surface = feedSurface({
    responses: [{ ...watch, min: 0, max: 1e6, windowSeconds: 120, default: 0 }],
  });
  await stores.surfaces.declare(surface, actorOf(tenant));
  const metrics = createMetrics();
  const clock = { now: START };
  const round = createJoinWatch({ ...stores, clock: () => clock.now, metrics });
  const decide = (n: number, at: number) => {
    const decisionId = mintId(tenant, at);
    const { unitId, ...rest } = decisionEvent(n, { decisionId, decidedAt: at });
    return { ...rest, unitId: `${unitId} ${String(n)}` };
  };
  const linesOf = async (name: string): Promise<string[]> =>
    (await metrics.text()).split('\n').filter((line) => line.startsWith(name) && !line.endsWith(' 0'));
  return { stores, clock, round, decide, linesOf };
}

describe('the join watch', () => {
  it('counts an orphan after five minutes, pending activations after one, and the rest after twice the window', async () => {
    const { stores, clock, round, decide, linesOf } = await world();
    const [seen, silent, missing] = [1, 2, 3].map((n) => decide(n, START + n * SECOND));
    const of = ({ decisionId }: { readonly decisionId: string }) => ({ decisionId });
    const late = { ...of(seen), occurredAt: seen.decidedAt + 3 * MINUTE };
    const events = [
      ...[seen, silent, exposureEvent(1, of(seen)), exposureEvent(3, of(missing))],
      ...[interactionEvent(1, late), interactionEvent(3, of(missing))],
    ];
    await stores.events.write({ events, deadLetters: [] });

    clock.now = START + 2 * MINUTE;
    await round();
    expect(await linesOf('allot_join')).toEqual([
      'allot_join_pending_activations{tenant="default",surface="live-feed"} 1',
    ]);

    clock.now = START + 5 * MINUTE;
    await round();
    expect(await linesOf('allot_join_pending')).toEqual([]);
    expect(await linesOf('allot_join_decisions')).toEqual([
      'allot_join_decisions_total{tenant="default",surface="live-feed",outcome="delivered"} 1',
      'allot_join_decisions_total{tenant="default",surface="live-feed",outcome="undelivered"} 1',
    ]);
    expect(await linesOf('allot_join_default')).toEqual([
      'allot_join_default_outcomes_total{tenant="default",surface="live-feed",response="watch"} 1',
    ]);
    expect(await linesOf('allot_join_late')).toEqual([
      'allot_join_late_events_total{tenant="default",surface="live-feed"} 1',
    ]);

    clock.now = START + 6 * MINUTE;
    await round();
    expect(await linesOf('allot_join_feedback')).toEqual([
      'allot_join_feedback_total{kind="exposure",outcome="joined"} 1',
      'allot_join_feedback_total{kind="exposure",outcome="orphan"} 1',
      'allot_join_feedback_total{kind="interaction",outcome="joined"} 1',
      'allot_join_feedback_total{kind="interaction",outcome="orphan"} 1',
    ]);
  });

  it('takes no decision twice, however often it looks', async () => {
    const { stores, clock, round, decide, linesOf } = await world();
    const decisions = Array.from({ length: 60 }, (_, n) => decide(n, START + n * SECOND));
    await stores.events.write({ events: decisions, deadLetters: [] });
    for (let at = 0; at <= 10 * MINUTE; at += 7 * SECOND) {
      clock.now = START + at;
      await round();
      await round();
    }
    expect(await linesOf('allot_join_decisions')).toEqual([
      'allot_join_decisions_total{tenant="default",surface="live-feed",outcome="undelivered"} 60',
    ]);
  });

  it('after an absence it goes on with the last minute, at the cost of a minute', async () => {
    const { stores, clock, round, decide, linesOf } = await world();
    const decisions = Array.from({ length: 20 }, (_, n) => decide(n, START + n * MINUTE));
    await stores.events.write({ events: decisions, deadLetters: [] });
    clock.now = START + 4.5 * MINUTE;
    await round();
    clock.now = START + 19.5 * MINUTE;
    await round();
    expect(await linesOf('allot_join_decisions')).toEqual([
      'allot_join_decisions_total{tenant="default",surface="live-feed",outcome="undelivered"} 2',
    ]);
  });
});
