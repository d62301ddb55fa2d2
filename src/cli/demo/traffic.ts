import type { Random } from '../../core/math/random.ts';
import { interactionsOf } from '../../simulation/responses.ts';
import { createSession, type UnitSession } from '../../simulation/session.ts';
import type { FeedWorldConfig } from '../../simulation/world.ts';
import type { FeedApi, FeedAnswer, FeedRequest } from './feed-api.ts';
import { chunks, FeedbackMixer, type SentFeedback } from './feedback-mixer.ts';

export interface TrafficOptions {
  readonly world: FeedWorldConfig;
  readonly surface: string;
  /** Unit ids are `<prefix>-<n>`: another prefix means fresh units. */
  readonly unitPrefix: string;
  readonly units: number;
  readonly random: Random;
  readonly clock: () => number;
  readonly onDecisions: (count: number) => void;
  readonly signal: AbortSignal;
}

export interface SentTraffic extends SentFeedback {
  readonly units: number;
  readonly decisions: number;
  /** Decisions by action, as the answers said. */
  readonly actions: Readonly<Record<string, number>>;
}

/** Units that are in the feed at the same time; a cohort has left before the shortest response window closes. */
const COHORT = 300;
const DECISIONS_PER_CALL = 75;
const CALLS_AT_ONCE = 3;

/** Sends simulated units through the API, cohort by cohort, each request after the outcome of the one before. */
export async function driveUnits(api: FeedApi, options: TrafficOptions): Promise<SentTraffic> {
  const mixer = new FeedbackMixer(api, options.random.fork('feedback'));
  const actions: Record<string, number> = {};
  let decisions = 0;
  for (let start = 0; start < options.units; start += COHORT) {
    const size = Math.min(COHORT, options.units - start);
    let active = Array.from({ length: size }, (_, i) =>
      createSession(options.world, `${options.unitPrefix}-${String(start + i)}`, options.random),
    );
    for (let step = 0; active.length > 0; step++) {
      options.signal.throwIfAborted();
      const answers = await decideAll(api, options.surface, active, step);
      active.forEach((session, i) => react(session, answers[i], mixer, options.clock()));
      for (const { action } of answers) actions[action] = (actions[action] ?? 0) + 1;
      decisions += answers.length;
      options.onDecisions(answers.length);
      await mixer.flush();
      active = active.filter((session) => session.request() !== null);
    }
    await mixer.flushLate();
  }
  return { ...mixer.sent, units: options.units, decisions, actions };
}

async function decideAll(
  api: FeedApi,
  surface: string,
  sessions: readonly UnitSession[],
  step: number,
): Promise<readonly FeedAnswer[]> {
  const requests = sessions.map((session): FeedRequest => ({
    requestId: `${session.unit.unitId}-${String(step)}`,
    surface,
    unitId: session.unit.unitId,
    sessionId: session.sessionId,
    features: session.request()!,
  }));
  const answers: FeedAnswer[] = [];
  for (const group of chunks(chunks(requests, DECISIONS_PER_CALL), CALLS_AT_ONCE)) {
    for (const part of await Promise.all(group.map((batch) => api.decide(batch)))) answers.push(...part);
  }
  return answers;
}

/** Everything happens at once on the demo's clock: its world runs hundreds of times faster than ours. */
function react(session: UnitSession, answer: FeedAnswer, mixer: FeedbackMixer, now: number): void {
  const { decisionId } = answer;
  mixer.expose({ eventId: `${decisionId}-seen`, decisionId, occurredAt: now });
  for (const { type, value } of interactionsOf(session.act(answer.action))) {
    mixer.interact({ eventId: `${decisionId}-${type}`, decisionId, type, value, occurredAt: now });
  }
}
