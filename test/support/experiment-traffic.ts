import { createDecisionIds } from '../../src/core/feedback/decision-id.ts';
import type { LogEvent } from '../../src/core/feedback/events.ts';
import { createRandom } from '../../src/core/math/random.ts';
import { interactionsOf } from '../../src/simulation/responses.ts';
import { createSession } from '../../src/simulation/session.ts';
import { liveFeedSurface } from '../../src/simulation/surface.ts';
import { defaultFeedWorld as world } from '../../src/simulation/world.ts';

export const experimentSurface = liveFeedSurface(world, { name: 'live-feed', windowSeconds: 10 });

export interface TrafficOptions {
  readonly tenant: string;
  readonly experiment: string;
  readonly units: number;
  readonly startAt: number;
  /** Chance of a stream in the treatment; control never inserts one. */
  readonly treated: number;
  readonly seed?: number;
  readonly block?: number | null;
  /** First unit's number: batches after each other are different people. */
  readonly firstUnit?: number;
  readonly isExposed?: (unit: number, variant: string) => boolean;
}

const ids = createDecisionIds([{ id: 1, key: new Uint8Array(16) }]);

/** Decisions with their feedback, of units that alternate between control and treatment. */
export function experimentTraffic(options: TrafficOptions): LogEvent[] {
  const { tenant, experiment, units, startAt, treated, seed = 31, block = 0, firstUnit = 0 } = options;
  const random = createRandom(seed);
  const draws = random.fork('policy');
  const events: LogEvent[] = [];
  for (let k = firstUnit; k < firstUnit + units; k++) {
    const unitId = `u${String(k).padStart(6, '0')}`;
    const session = createSession(world, unitId, random);
    const variant = k % 2 === 1 ? 'treatment' : 'control';
    const p = variant === 'treatment' ? treated : 0;
    for (let step = 0, f = session.request(); f !== null; step++, f = session.request()) {
      const action = draws.uniform() < p ? 'live' : 'none';
      const decidedAt = startAt + (k - firstUnit) + step * 100;
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setUint32(0, k);
      new DataView(bytes.buffer).setUint32(4, step);
      const decisionId = ids.mint({ timeMs: decidedAt, tenant, surface: 'live-feed', random: bytes });
      const base = { v: 1, tenant, decisionId } as const;
      events.push({
        ...base,
        kind: 'decision',
        surface: 'live-feed',
        schemaVersion: 1,
        requestId: decisionId,
        unitId,
        sessionId: session.sessionId,
        decidedAt,
        features: f,
        defaultedFeatures: [],
        group: null,
        eligibleActions: ['none', 'live'],
        action,
        propensity: action === 'live' ? p : 1 - p,
        probabilities: [1 - p, p],
        draw: 0.5,
        policyVersion: null,
        experiment,
        variant,
        block,
        adjustments: [],
        fallback: null,
        isForced: false,
      });
      const heard = { occurredAt: decidedAt + 1, receivedAt: decidedAt + 2 };
      if (options.isExposed?.(k, variant) !== false)
        events.push({ ...base, ...heard, kind: 'exposure', eventId: `x-${decisionId}` });
      interactionsOf(session.act(action)).forEach(({ type, value }, i) =>
        events.push({
          ...base,
          ...heard,
          kind: 'interaction',
          eventId: `i-${decisionId}-${String(i)}`,
          type,
          value,
        }),
      );
    }
  }
  return events;
}
