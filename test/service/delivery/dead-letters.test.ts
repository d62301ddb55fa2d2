import { describe, expect, it } from 'vitest';
import { replayDeadLetters } from '../../../src/service/delivery/dead-letters.ts';
import { createMemoryStores } from '../../../src/memory/stores.ts';
import { decisionEvent } from '../../support/events.ts';
import { mintId, newTenant } from '../../contracts/stores/support.ts';

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

describe('replaying dead letters', () => {
  it('stores what can be stored now, keeps what is refused again, and has no effect the second time', async () => {
    const stores = createMemoryStores();
    const tenant = newTenant();
    const decidedAt = Date.UTC(2026, 5, 1);
    const decision = decisionEvent(1, { tenant, decidedAt, decisionId: mintId(tenant, decidedAt) });
    await stores.events.write({
      events: [],
      deadLetters: [
        { receivedAt: 1, reason: 'no partition', record: bytes(decision) },
        { receivedAt: 2, reason: 'not JSON', record: new Uint8Array([0xff, 1]) },
      ],
    });
    const letters = await stores.deadLetters.list(10);
    const first = await replayDeadLetters(stores, letters);
    expect(first.replayed).toHaveLength(1);
    expect(first.refused).toHaveLength(1);
    expect((await stores.decisions.find(tenant, decision.decisionId))?.decision).toEqual(decision);
    expect((await stores.deadLetters.list(10)).map(({ reason }) => reason)).toEqual(['not JSON']);

    const again = await replayDeadLetters(stores, letters);
    expect(again.replayed).toEqual(first.replayed);
    expect((await stores.decisions.counts(tenant)).decisions).toBe(1);
  });

  it('goes on after a letter at which the store fails for a reason that nobody foresaw', async () => {
    const stores = createMemoryStores();
    const tenant = newTenant();
    const decidedAt = Date.UTC(2026, 5, 1);
    const deadLetters = [1, 2].map((n) => ({
      receivedAt: n,
      reason: 'x',
      record: bytes(decisionEvent(n, { tenant, decidedAt, decisionId: mintId(tenant, decidedAt) })),
    }));
    await stores.events.write({ events: [], deadLetters });
    let calls = 0;
    const events: typeof stores.events = {
      write: (batch) => {
        calls += 1;
        return calls === 1 ? Promise.reject(new TypeError('no such column')) : stores.events.write(batch);
      },
    };
    const outcome = await replayDeadLetters({ ...stores, events }, await stores.deadLetters.list(10));
    expect(outcome.replayed).toHaveLength(1);
    expect(outcome.refused.map(({ reason }) => reason)).toEqual(['no such column']);
    expect(await stores.deadLetters.ids()).toEqual(outcome.refused.map(({ id }) => id));
  });

  it('ends on an outage and keeps every letter that was not stored', async () => {
    const stores = createMemoryStores();
    const record = bytes(decisionEvent(1, { tenant: newTenant() }));
    await stores.events.write({ events: [], deadLetters: [{ receivedAt: 1, reason: 'x', record }] });
    const letters = await stores.deadLetters.list(10);
    const { AllotError } = await import('../../../src/core/errors.ts');
    const away = { write: () => Promise.reject(new AllotError('store_unavailable', 'away')) };
    await expect(replayDeadLetters({ ...stores, events: away }, letters)).rejects.toThrow('away');
    expect(await stores.deadLetters.list(10)).toEqual(letters);
  });
});
