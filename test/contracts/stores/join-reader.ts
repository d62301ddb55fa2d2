import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DecisionEvent, LogEvent } from '../../../src/core/feedback/events.ts';
import type { AllStores } from '../../../src/service/ports/all-stores.ts';
import { decisionEvent, exposureEvent, interactionEvent } from '../../support/events.ts';
import { mintId, newTenant, type OpenStores } from './support.ts';

const MINUTE = 60_000;
/** Slices are of all tenants, so every test has a day of its own. */
let day = Date.UTC(2026, 0, 1, 12);

export function joinReaderContract(name: string, open: OpenStores): void {
  describe(`join reader: ${name}`, () => {
    let stores: AllStores;
    let close: () => Promise<void>;
    let n = 0;
    beforeAll(async () => ({ stores, close } = await open()));
    afterAll(() => close());

    const world = () => {
      const tenant = newTenant();
      const start = (day += 86_400_000);
      const decision = (secondsIn: number, changes: Partial<DecisionEvent> = {}): DecisionEvent => {
        const decidedAt = start + secondsIn * 1000;
        const surface = changes.surface ?? 'live-feed';
        n += 1;
        return decisionEvent(n, {
          ...{ tenant, decidedAt, surface, decisionId: mintId(tenant, decidedAt, surface) },
          ...{ unitId: `unit-${String(n)}`, sessionId: `session-${String(n)}` },
          ...changes,
        });
      };
      const seen = ({ decisionId }: DecisionEvent): LogEvent =>
        exposureEvent((n += 1), { tenant, decisionId });
      const watched = (
        { decisionId, decidedAt }: DecisionEvent,
        secondsAfter: number,
        type = 'watchMs',
      ): LogEvent =>
        interactionEvent((n += 1), { tenant, decisionId, type, occurredAt: decidedAt + secondsAfter * 1000 });
      const rules = {
        tenant,
        surface: 'live-feed',
        responses: [
          { name: 'watch', interaction: 'watchMs', windowSeconds: 60 },
          { name: 'watchAll', interaction: 'watchMs', windowSeconds: 120 },
          { name: 'hide', interaction: 'hide', windowSeconds: 60 },
        ],
      };
      const write = (...events: LogEvent[]) => stores.events.write({ events, deadLetters: [] });
      const joined = (until = start + MINUTE, limit = 1000) =>
        stores.join.joined({ from: start, until }, [rules], limit);
      return { tenant, start, decision, seen, watched, write, joined, rules };
    };

    it('gives every decision of the slice one outcome', async () => {
      const { decision, seen, write, joined } = world();
      const [kept, silent, one, other, shown, unshown] = [
        decision(0),
        decision(1),
        ...[2, 3].map((s) => decision(s, { unitId: 'u', requestId: 'twice' })),
        ...[4, 5].map((s) => decision(s, { unitId: 'v', requestId: 'once' })),
      ];
      await write(kept, silent, one, other, shown, unshown, ...[kept, one, other, shown].map(seen));
      expect(await joined()).toMatchObject([
        { delivered: 2, undelivered: 1, twins: 2, undeliveredTwins: 1, transitions: 0 },
      ]);
    });

    it('a repeated exposure makes no twin', async () => {
      const { decision, seen, write, joined } = world();
      const once = decision(0);
      await write(once, seen(once), seen(once));
      expect(await joined()).toMatchObject([{ delivered: 1, twins: 0 }]);
    });

    it('a response without an event in its window is a default; an event outside every window is late', async () => {
      const { decision, seen, watched, write, joined } = world();
      const [inTime, tooLate, before, between, unknown] = [0, 1, 2, 3, 4].map((s) => decision(s));
      const all = [inTime, tooLate, before, between, unknown];
      await write(...all, ...all.map(seen));
      await write(
        ...[watched(inTime, 60), watched(inTime, 61, 'hide')],
        ...[watched(tooLate, 121), watched(before, -1), watched(between, 100)],
        watched(unknown, 1, 'nobody-declared-this'),
      );
      expect(await joined()).toMatchObject([
        { delivered: 5, lateEvents: 3, defaultOutcomes: { watch: 4, watchAll: 3, hide: 5 } },
      ]);
    });

    it('what was not delivered has no outcome and no late event', async () => {
      const { decision, watched, write, joined } = world();
      const silent = decision(0);
      await write(silent, watched(silent, 300));
      expect(await joined()).toMatchObject([
        { delivered: 0, undelivered: 1, lateEvents: 0, defaultOutcomes: { watch: 0, hide: 0 } },
      ]);
    });

    it('a transition leads to a later delivered decision of the session, by its id or within half an hour', async () => {
      const { decision, seen, write, joined } = world();
      const named = { unitId: 'a', sessionId: 's' };
      const unnamed = { unitId: 'b', sessionId: null };
      const chain = [decision(0, named), decision(1, named), decision(3 * 3600, named)];
      const near = [decision(2, unnamed), decision(1800, unnamed), decision(2 * 3600, unnamed)];
      const elsewhere = [decision(3, { ...named, sessionId: 'other' }), decision(4, { unitId: 'c' })];
      const unseen = decision(5, { unitId: 'c', sessionId: elsewhere[1].sessionId });
      const shown = [...chain, ...near, ...elsewhere];
      await write(...shown, unseen, ...shown.map(seen));
      // Of the first minute: both of the named session, and the first without a session.
      expect(await joined()).toMatchObject([{ delivered: 5, transitions: 3 }]);
    });

    it('looks at the surfaces it was asked about, and at no more than so many decisions from the start', async () => {
      const { start, decision, seen, write, joined } = world();
      const own = [0, 1, 2].map((s) => decision(s));
      const after = decision(60);
      const others = decision(3, { surface: 'another' });
      await write(...own, after, others, ...[...own, after, others].map(seen));
      expect(await joined()).toMatchObject([{ surface: 'live-feed', delivered: 3 }]);
      expect(await joined(start + MINUTE + 1)).toMatchObject([{ delivered: 4 }]);
      expect(await joined(start + MINUTE, 2)).toMatchObject([{ delivered: 2 }]);
    });

    it('feedback that comes first is an orphan until its decision comes', async () => {
      const { start, decision, seen, watched, write } = world();
      const [stored, late] = [decision(0), decision(1)];
      await write(stored, seen(stored), seen(late), watched(late, 5), watched(late, 6));
      const counts = () => stores.join.feedback({ from: start, until: start + MINUTE }, 100);
      expect(await counts()).toEqual([
        { kind: 'exposure', joined: 1, orphans: 1 },
        { kind: 'interaction', joined: 0, orphans: 2 },
      ]);
      await write(late);
      expect(await counts()).toEqual([
        { kind: 'exposure', joined: 2, orphans: 0 },
        { kind: 'interaction', joined: 2, orphans: 0 },
      ]);
    });

    it('a decision of another tenant is not the one that feedback waits for', async () => {
      const { start, decision, seen, write } = world();
      const foreign = decision(0);
      await write(foreign, { ...seen(foreign), tenant: newTenant() });
      const [exposures] = await stores.join.feedback({ from: start, until: start + MINUTE }, 100);
      expect(exposures).toEqual({ kind: 'exposure', joined: 0, orphans: 1 });
    });

    it('activations are pending until an exposure comes', async () => {
      const { tenant, start, decision, seen, write } = world();
      const [first, second] = [decision(0), decision(1)];
      await write(first, second, seen(second));
      const pending = () => stores.join.pending({ from: start, until: start + MINUTE }, 100);
      expect(await pending()).toEqual([{ tenant, surface: 'live-feed', decisions: 1 }]);
      await write(seen(first));
      expect(await pending()).toEqual([]);
    });

    it('an empty slice counts nothing', async () => {
      const { start, joined } = world();
      expect(await joined()).toEqual([]);
      expect(await stores.join.pending({ from: start, until: start }, 10)).toEqual([]);
    });
  });
}
