import type { CapSpec } from '../../core/surface/surface.ts';
import { TwoGenerations } from '../../core/two-generations.ts';

/** Units and caps whose last times this process keeps; up to twice that. docs/surfaces.md says so. */
export const UNIT_COUNTER_KEYS = 200_000;
/** The same in memory: a cap of thousands per unit has as many times to keep. */
const UNIT_COUNTER_BYTES = 128e6;

/** A map entry and an array, two bytes a character, a number each. */
const bytesOf = (key: string, times: readonly number[]): number => 200 + 2 * key.length + 8 * times.length;

/**
 * How often each unit was given a capped action of a surface lately, by whichever policy: a cap is a promise to the unit, and
 * an experiment that starts or ends does not break it. Hard in one process or with unit-sticky routing; across replicas every
 * process counts what it served itself, so there it is approximate. It is approximate too beyond `UNIT_COUNTER_KEYS` counts or
 * 128 MB of them: the oldest are forgotten then.
 */
export interface UnitCounters {
  /** @param scope of the surface */
  count(scope: string, cap: CapSpec, unitId: string, now: number): number;
  add(scope: string, cap: CapSpec, unitId: string, now: number): void;
}

export function createUnitCounters(): UnitCounters {
  const served = new TwoGenerations<number[]>(
    { entries: UNIT_COUNTER_KEYS, bytes: UNIT_COUNTER_BYTES },
    bytesOf,
  );
  const keyOf = (scope: string, cap: CapSpec, unitId: string): string => `${scope}\n${cap.name}\n${unitId}`;

  return {
    count(scope, cap, unitId, now) {
      const times = served.get(keyOf(scope, cap, unitId));
      if (times === undefined || cap.rule.kind !== 'unit-window') return 0;
      const from = now - cap.rule.windowSeconds * 1000;
      let count = 0;
      for (const time of times) if (time > from) count += 1;
      return count;
    },
    add(scope, cap, unitId, now) {
      if (cap.rule.kind !== 'unit-window') return;
      const key = keyOf(scope, cap, unitId);
      const from = now - cap.rule.windowSeconds * 1000;
      const times = (served.get(key) ?? []).filter((time) => time > from);
      times.push(now);
      // Once the limit is reached only the newest `limit` times matter.
      served.set(key, times.slice(-Math.max(1, cap.rule.limit)));
    },
  };
}
