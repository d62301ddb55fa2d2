import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DecisionEvent, LogEvent } from '../../../src/core/feedback/events.ts';
import type { AllStores } from '../../../src/service/ports/all-stores.ts';
import type { DecisionRecord } from '../../../src/service/ports/stores.ts';
import { decisionEvent, exposureEvent, interactionEvent } from '../../support/events.ts';
import { mintId, newTenant, type OpenStores } from './support.ts';

const NOON = Date.UTC(2026, 5, 1, 12);

export function eventContract(name: string, open: OpenStores): void {
  describe(`event store and decision reader: ${name}`, () => {
    let stores: AllStores;
    let close: () => Promise<void>;
    beforeAll(async () => ({ stores, close } = await open()));
    afterAll(() => close());

    const write = (...events: LogEvent[]) => stores.events.write({ events, deadLetters: [] });
    const decisionOf = (tenant: string, n: number, changes: Partial<DecisionEvent> = {}): DecisionEvent => {
      const decidedAt = changes.decidedAt ?? NOON + n;
      const decisionId = mintId(tenant, decidedAt);
      return decisionEvent(n, { decisionId, tenant, decidedAt, ...changes });
    };
    const stream = async (tenant: string, from: number, until: number): Promise<DecisionRecord[]> => {
      const records: DecisionRecord[] = [];
      for await (const record of stores.decisions.stream({ tenant, surface: 'live-feed', from, until })) {
        records.push(record);
      }
      return records;
    };

    it('gives every field of a decision back exactly, doubles and unknown fields included', async () => {
      const tenant = newTenant();
      const decision = decisionOf(tenant, 1, {
        propensity: 1 / 3,
        probabilities: [2 / 3, 1 / 3, 5e-324, 1e-17, 1.7976931348623157e308],
        draw: 0.1 + 0.2,
        features: { text: 'Ünïcödé 🎥 "\\ \n', hour: -0.1, embedding: [1e21, 1e-7] },
        adjustments: [{ kind: 'pacing', factor: 0.83, nullBefore: 0.5, nullAfter: 0.6 }],
      });
      const sent = { ...decision, fromTheFuture: { nested: [1, null, 'x'] } };
      await write(sent);
      expect((await stores.decisions.find(tenant, decision.decisionId))?.decision).toEqual(sent);
    });

    it('joins what followed a decision, in the order in which it happened', async () => {
      const tenant = newTenant();
      const decision = decisionOf(tenant, 1);
      const of = { tenant, decisionId: decision.decisionId };
      const late = interactionEvent(1, { ...of, occurredAt: NOON + 900 });
      const early = interactionEvent(2, { ...of, occurredAt: NOON + 100 });
      const exposure = exposureEvent(1, of);
      await write(late, decision, exposure, early);
      const record = { decision, exposures: [exposure], interactions: [early, late] };
      expect(await stores.decisions.find(tenant, decision.decisionId)).toEqual(record);
      expect(await stream(tenant, NOON, NOON + 10)).toEqual([record]);
    });

    it('counts repeats as duplicates and stores them once, within a batch and across batches', async () => {
      const tenant = newTenant();
      const decision = decisionOf(tenant, 1);
      const exposure = exposureEvent(1, { tenant, decisionId: decision.decisionId });
      const first = await write(decision, decision, exposure);
      expect(first.inserted).toEqual({ decisions: 1, exposures: 1, interactions: 0 });
      expect(first.duplicates).toEqual({ decisions: 1, exposures: 0, interactions: 0 });
      const again = await write(decision, exposure);
      expect(again.inserted).toEqual({ decisions: 0, exposures: 0, interactions: 0 });
      expect(again.duplicates).toEqual({ decisions: 1, exposures: 1, interactions: 0 });
      const counts = { decisions: 1, exposures: 1, interactions: 0, orphans: 0 };
      expect(await stores.decisions.counts(tenant)).toEqual(counts);
    });

    it('lets a repeat meet its first copy across midnight: the day comes from the decision id alone', async () => {
      const tenant = newTenant();
      const midnight = Date.UTC(2026, 5, 2);
      const decision = decisionOf(tenant, 1, { decidedAt: midnight - 1 });
      const like = interactionEvent(1, {
        ...{ tenant, decisionId: decision.decisionId },
        ...{ occurredAt: midnight - 1, receivedAt: midnight - 1 },
      });
      await write(decision, like);
      const repeat = { ...like, receivedAt: midnight + 1 };
      expect((await write({ ...decision }, repeat)).inserted).toEqual({
        ...{ decisions: 0, exposures: 0, interactions: 0 },
      });
      expect((await stores.decisions.find(tenant, decision.decisionId))?.interactions).toEqual([like]);
    });

    it('keeps equal event ids of two tenants apart', async () => {
      const [one, two] = [newTenant(), newTenant()];
      for (const tenant of [one, two]) {
        const decision = decisionOf(tenant, 1);
        await write(decision, exposureEvent(1, { tenant, decisionId: decision.decisionId }));
      }
      expect((await stores.decisions.counts(one)).exposures).toBe(1);
      expect((await stores.decisions.counts(two)).exposures).toBe(1);
    });

    it('shows nothing of another tenant, even by its decision id', async () => {
      const tenant = newTenant();
      const decision = decisionOf(tenant, 1);
      await write(decision, exposureEvent(1, { tenant: newTenant(), decisionId: decision.decisionId }));
      expect(await stores.decisions.find(newTenant(), decision.decisionId)).toBeUndefined();
      expect((await stores.decisions.find(tenant, decision.decisionId))?.exposures).toEqual([]);
    });

    it('takes feedback before its decision, counts it as an orphan, and joins it later', async () => {
      const tenant = newTenant();
      const decision = decisionOf(tenant, 1);
      const exposure = exposureEvent(1, { tenant, decisionId: decision.decisionId });
      await write(exposure);
      expect(await stores.decisions.find(tenant, decision.decisionId)).toBeUndefined();
      const waiting = { decisions: 0, exposures: 1, interactions: 0, orphans: 1 };
      expect(await stores.decisions.counts(tenant)).toEqual(waiting);
      expect(await stores.decisions.counts(tenant, 'live-feed')).toEqual({ ...waiting, exposures: 0 });
      await write(decision);
      const joined = { decisions: 1, exposures: 1, interactions: 0, orphans: 0 };
      expect(await stores.decisions.counts(tenant, 'live-feed')).toEqual(joined);
      expect((await stores.decisions.find(tenant, decision.decisionId))?.exposures).toEqual([exposure]);
    });

    it('streams by unit and time, half-open, of one surface only', async () => {
      const tenant = newTenant();
      const at = (unitId: string, decidedAt: number) => decisionOf(tenant, 1, { unitId, decidedAt });
      const wanted = [at('a', NOON), at('a', NOON + 5), at('b', NOON - 86_400_000), at('b', NOON + 9)];
      const outside = [
        at('a', NOON + 10),
        at('b', NOON - 86_400_001),
        decisionOf(tenant, 2, { surface: 'other' }),
      ];
      await write(wanted[3], wanted[1], ...outside, wanted[2], wanted[0]);
      const records = await stream(tenant, NOON - 86_400_000, NOON + 10);
      expect(records.map((r) => r.decision)).toEqual(wanted);
    });

    it('takes a log that is years old, many days in one batch', async () => {
      const tenant = newTenant();
      const start = Date.UTC(2019, 10, 24);
      const decisions = Array.from({ length: 40 }, (_, day) =>
        decisionOf(tenant, day, { unitId: 'u', decidedAt: start + day * 86_400_000 }),
      );
      expect((await write(...decisions)).inserted.decisions).toBe(40);
      expect(await stream(tenant, start, start + 40 * 86_400_000)).toHaveLength(40);
    });

    it('keeps counts and rows right when the same events are written from many sides at once', async () => {
      const tenant = newTenant();
      const decisions = Array.from({ length: 60 }, (_, n) =>
        decisionOf(tenant, n, { decidedAt: Date.UTC(2018, 0, 1 + (n % 5)) + n }),
      );
      const results = await Promise.all(
        [0, 1, 2, 3].map((shift) => write(...decisions.slice(shift), ...decisions.slice(0, shift).reverse())),
      );
      expect(results.reduce((sum, r) => sum + r.inserted.decisions, 0)).toBe(60);
      expect(results.reduce((sum, r) => sum + r.duplicates.decisions, 0)).toBe(180);
    });

    it.each([
      ['NUL in text', { requestId: 'a\0b' }],
      ['half a surrogate pair', { unitId: '\ud83d' }],
      ['NUL inside a feature', { features: { text: '\0' } }],
    ])('blames the data for %s and stores nothing of that batch', async (_, changes) => {
      const tenant = newTenant();
      const good = decisionOf(tenant, 1);
      await expect(write(good, decisionOf(tenant, 2, changes))).rejects.toMatchObject({
        code: 'invalid_request',
      });
      expect((await stores.decisions.counts(tenant)).decisions).toBe(0);
      expect((await write(good)).inserted.decisions).toBe(1);
    });

    it('blames the data for a decision id that nobody can read', async () => {
      const broken = decisionOf(newTenant(), 1, { decisionId: 'nonsense' });
      await expect(write(broken)).rejects.toMatchObject({ code: 'decision_id_invalid' });
      await expect(stores.decisions.find('t', 'nonsense')).rejects.toMatchObject({
        code: 'decision_id_invalid',
      });
    });

    it('keeps dead letters byte by byte, once, until they are removed', async () => {
      const record = Uint8Array.from([0, 255, 10, 92, ...Buffer.from(newTenant())]);
      const letter = { receivedAt: NOON, reason: 'not JSON: \0', record };
      const counts = await stores.events.write({ events: [], deadLetters: [letter, letter] });
      expect(counts.deadLetters).toBe(1);
      expect((await stores.events.write({ events: [], deadLetters: [letter] })).deadLetters).toBe(0);
      const stored = (await stores.deadLetters.list(100)).find((l) => Buffer.from(l.record).equals(record));
      expect(stored).toMatchObject({ receivedAt: NOON, reason: expect.stringContaining('not JSON') });
      const id = stored?.id ?? '';
      expect((await stores.deadLetters.find(id))?.record).toEqual(record);
      expect(await stores.deadLetters.remove([id, 'other'])).toBe(1);
      expect(await stores.deadLetters.find(id)).toBeUndefined();
    });
  });
}
