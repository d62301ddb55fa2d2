import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planOf } from '../../../src/core/experiment/plan.ts';
import type { LogEvent } from '../../../src/core/feedback/events.ts';
import { createMemoryStores } from '../../../src/memory/stores.ts';
import {
  createExperimentAnalysis,
  type ExperimentLook,
} from '../../../src/service/experiment-analysis/experiment-analysis.ts';
import type { AllStores } from '../../../src/service/ports/all-stores.ts';
import { experimentSurface, experimentTraffic } from '../../support/experiment-traffic.ts';
import { actorOf, experiment, newTenant, type OpenStores } from './support.ts';

const NOON = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 43_200_000;
const LATER = Date.now() + 3_600_000;

export function experimentUnitsContract(name: string, open: OpenStores): void {
  describe(`units of experiments: ${name}`, () => {
    let stores: AllStores;
    let close: () => Promise<void>;
    beforeAll(async () => ({ stores, close } = await open()));
    afterAll(() => close());

    const block = { index: 0, fromBucket: 0, toBucket: 10_000, openedAt: NOON };
    const running = experiment('e1', { state: 'running', blocks: [block] });
    const begin = async (to: AllStores, tenant: string) => {
      await to.surfaces.declare(experimentSurface, actorOf(tenant));
      await to.experiments.create(running, actorOf(tenant));
      const { look } = createExperimentAnalysis(to);
      return {
        write: (events: readonly LogEvent[]) => to.events.write({ events, deadLetters: [] }),
        look: async (at = LATER): Promise<ExperimentLook> => (await look(tenant, running, at))[0],
      };
    };
    const traffic = (tenant: string, units: number, more: { firstUnit?: number; block?: null } = {}) =>
      experimentTraffic({ tenant, experiment: 'e1', units, startAt: NOON, treated: 0.5, ...more });

    it(
      'add up to what one reading of everything gives, in parts and with repeats',
      { timeout: 60_000 },
      async () => {
        const tenant = newTenant();
        const log = traffic(tenant, 260);
        const ours = await begin(stores, tenant);
        const half = log.findIndex((event) => event.kind === 'decision' && event.unitId === 'u000130');
        await ours.write(log.slice(0, half));
        await ours.look();
        await ours.write(log);
        await ours.look();
        const reference = await begin(createMemoryStores(), tenant);
        await reference.write(log);
        const [a, b] = [await ours.look(), await reference.look()];
        expect(a.assignedUnits).toEqual({ control: 130, treatment: 130 });
        expect(a.units).toEqual(b.units);
        for (const metric of a.byMetric) {
          const same = b.byMetric.find((other) => other.name === metric.name);
          expect(metric.effect!.value).toBeCloseTo(same!.effect!.value, 9);
          expect(metric.effect!.standardError).toBeCloseTo(same!.effect!.standardError, 9);
        }
      },
    );

    it('count nobody twice when several look at once', async () => {
      const tenant = newTenant();
      const ours = await begin(stores, tenant);
      await ours.write(traffic(tenant, 60));
      await Promise.all([ours.look(), ours.look(), ours.look(), ours.look()]);
      const look = await ours.look();
      expect(look.units).toEqual({ control: 30, treatment: 30 });
      expect(look.assignedUnits).toEqual({ control: 30, treatment: 30 });
    });

    it('leave out those on two sides and those put there by hand, and count them', async () => {
      const tenant = newTenant();
      const ours = await begin(stores, tenant);
      await ours.write(traffic(tenant, 40, {}));
      await ours.write(traffic(tenant, 6, { firstUnit: 100, block: null }));
      const extra = experimentTraffic({
        tenant,
        experiment: 'e1',
        units: 1,
        startAt: NOON + 500_000,
        treated: 0.5,
        firstUnit: 200,
      }).map((event) => (event.kind === 'decision' ? { ...event, unitId: 'u000001' } : event));
      await ours.write(extra);
      const look = await ours.look();
      expect(look.multiplyAssignedUnits).toBe(1);
      expect(look.forcedUnits).toBe(6);
      expect(look.units).toEqual({ control: 20, treatment: 19 });
    });

    it('wait until their window has closed', async () => {
      const tenant = newTenant();
      const ours = await begin(stores, tenant);
      await ours.write(traffic(tenant, 40));
      expect((await ours.look(NOON + 15_000)).units).toEqual({ control: 0, treatment: 0 });
    });

    it('tell whether the newest decisions have feedback: those of a span, but at least so many', async () => {
      const tenant = newTenant();
      const ours = await begin(stores, tenant);
      // One transaction after the other: the newest are those that were stored last.
      const decisions = traffic(tenant, 30)
        .filter((event) => event.kind === 'decision')
        .slice(0, 30);
      for (const [i, decision] of decisions.entries()) {
        const at = NOON + i * 1_000;
        const heard = {
          v: 1,
          tenant,
          decisionId: decision.decisionId,
          occurredAt: at,
          receivedAt: at,
        } as const;
        await ours.write([
          { ...decision, decidedAt: at },
          ...(i % 2 === 0 ? [{ ...heard, kind: 'exposure', eventId: `x${String(i)}` } as const] : []),
          ...[1, 2].map((k) => {
            const eventId = `i${String(i)}-${String(k)}`;
            return { ...heard, kind: 'interaction', eventId, type: 'watch', value: 1 } as const;
          }),
        ]);
      }
      const asked = (decidedFrom: number, atLeast: number, limit = 100) =>
        stores.experimentUnits.recentFeedback(tenant, 'e1', {
          decidedFrom: NOON + decidedFrom,
          decidedUntil: NOON + 19_500,
          atLeast,
          limit,
        });
      const of = (decisions: number) => ({
        decisions,
        withExposure: decisions / 2,
        withInteraction: decisions,
      });
      expect(await asked(9_500, 4)).toEqual(of(10));
      expect(await asked(18_500, 4)).toEqual(of(4));
      expect(await asked(-1, 4, 6)).toEqual(of(6));
    });

    it('keep the first variances of a metric, whoever looks again or at the same moment', async () => {
      const tenant = newTenant();
      await begin(stores, tenant);
      const keep = (watch: number, treatment = 'treatment', experiment = 'e1') =>
        stores.experimentUnits.keepVariances(tenant, experiment, treatment, {
          watch: { difference: watch, level: watch / 2 },
        });
      expect(await stores.experimentUnits.keepVariances(tenant, 'e1', 'treatment', {})).toEqual({});
      const [a, b] = await Promise.all([keep(1), keep(2)]);
      expect(a).toEqual(b);
      expect([1, 2]).toContain(a.watch.difference);
      expect(await keep(3)).toEqual(a);
      const late = { late: { difference: 5, level: 6 } };
      expect(await stores.experimentUnits.keepVariances(tenant, 'e1', 'treatment', late)).toEqual({
        ...a,
        ...late,
      });
      expect((await keep(4, 'other')).watch.difference).toBe(4);
      expect((await keep(7, 'treatment', 'e2')).watch.difference).toBe(7);
    });

    it('of an experiment that declares mSPRT are judged by what its first look with enough of them kept', async () => {
      const tenant = newTenant();
      const log = traffic(tenant, 400);
      const ours = await begin(stores, tenant);
      const plan = { ...planOf(running, experimentSurface), method: 'msprt', minUnits: 20 } as const;
      const { look } = createExperimentAnalysis(stores);
      const main = async () => (await look(tenant, { ...running, plan }, LATER))[0].byMetric[0];
      const part = log.findIndex((event) => event.kind === 'decision' && event.unitId === 'u000100');
      await ours.write(log.slice(0, part));
      const { name: metric, effect: first } = await main();
      await ours.write(log);
      const { effect: last } = await main();
      if (first === null || last === null) throw new Error('both looks have an interval');
      expect(last.method).toBe('msprt');
      expect(last.units).toBeGreaterThan(first.units);
      const kept = await stores.experimentUnits.keepVariances(tenant, 'e1', 'treatment', {});
      const { difference } = kept[metric];
      expect(difference).toBeCloseTo(first.standardError ** 2 * first.units, 9);
      expect(difference).not.toBeCloseTo(last.standardError ** 2 * last.units, 3);
    });
  });
}
