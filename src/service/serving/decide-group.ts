import type { Principal } from '../registry/principal.ts';
import {
  checkBody,
  compute,
  count,
  findKnown,
  learnFrom,
  unloggedDecision,
  type Computed,
  type DecideDependencies,
  type Resolved,
} from './decide.ts';
import { answerOf, type DecideAnswer } from './decide-answer.ts';
import type { ServingSnapshot } from './serving-snapshot.ts';

export interface DecideCall {
  readonly body: unknown;
  readonly principal: Principal;
}

/** One call's outcome; a bad call is refused alone, its neighbours are other people's feeds. */
export type DecideResult = { readonly answer: DecideAnswer } | { readonly error: unknown };

/**
 * Decides all calls on one snapshot and records them with one write (several, where they are large); nothing is answered,
 * remembered or learned from before its record is written. A call that must see what a waiting one does (the same requestId,
 * or the same unit where the service counts caps) has the waiting ones written first, so the answers are those of one call
 * after the other; only pacing sees the allocations of a group after the group.
 */
export function decideAll(
  calls: readonly DecideCall[],
  snapshot: ServingSnapshot,
  deps: DecideDependencies,
): readonly DecideResult[] {
  const results = new Array<DecideResult>(calls.length);
  const group = new Group(results, deps);
  for (let i = 0; i < calls.length; i += 1) {
    try {
      const resolved = checkBody(calls[i].body, calls[i].principal, snapshot, deps);
      if (group.mustComeBefore(resolved)) group.write();
      const known = findKnown(resolved, deps);
      if (known === undefined) group.add(compute(resolved, deps), i);
      else results[i] = { answer: known };
    } catch (error) {
      results[i] = { error };
    }
  }
  group.write();
  return results;
}

/** Of records that wait for one write. A short request can have a long record: it names every feature that was filled in. */
export const MAX_WAITING_CHARACTERS = 4 * 1024 * 1024;

/** Decisions that are computed but not recorded yet. */
class Group {
  readonly #results: DecideResult[];
  readonly #deps: DecideDependencies;
  #waiting: Computed[] = [];
  /** Where in the results the answers belong. */
  #places: number[] = [];
  #characters = 0;
  readonly #touched = new Set<string>();

  constructor(results: DecideResult[], deps: DecideDependencies) {
    this.#results = results;
    this.#deps = deps;
  }

  mustComeBefore(resolved: Resolved): boolean {
    if (this.#waiting.length === 0) return false;
    return this.#touched.has(resolved.key) || (countsCaps(resolved) && this.#touched.has(unitKey(resolved)));
  }

  add(computed: Computed, place: number): void {
    this.#waiting.push(computed);
    this.#places.push(place);
    this.#touched.add(computed.resolved.key);
    if (countsCaps(computed.resolved)) this.#touched.add(unitKey(computed.resolved));
    this.#characters += computed.text?.length ?? 0;
    if (this.#characters >= MAX_WAITING_CHARACTERS) this.write();
  }

  write(): void {
    if (this.#waiting.length === 0) return;
    const answers = record(this.#waiting, this.#deps);
    for (let i = 0; i < answers.length; i += 1) this.#results[this.#places[i]] = { answer: answers[i] };
    this.#waiting = [];
    this.#places = [];
    this.#characters = 0;
    this.#touched.clear();
  }
}

const countsCaps = ({ served }: Resolved): boolean => served.countedCaps.length > 0;

const unitKey = ({ served, request }: Resolved): string =>
  `unit\n${served.tenant}\n${served.surface.name}\n${request.unitId}`;

/** One write for all; when it fails they become the safe action and leave no trace but the count. */
function record(group: readonly Computed[], deps: DecideDependencies): DecideAnswer[] {
  const logged = group.filter(({ text }) => text !== null);
  let isWritten = true;
  try {
    if (logged.length > 0) {
      deps.journal.appendAll(
        logged.map(({ event }) => event),
        logged.map(({ text }) => text ?? ''),
      );
    }
  } catch (error) {
    isWritten = false;
    const { surface } = logged[0].event;
    deps.logger.warn({ error, surface, decisions: logged.length }, 'decisions could not be journalled');
  }
  return group.map((computed) => {
    const isLost = computed.text !== null && !isWritten;
    return settle(isLost ? unloggedDecision(computed.resolved, deps) : computed, deps);
  });
}

/** An answer that nobody recorded is not repeated: the next try may be recorded. */
function settle(computed: Computed, deps: DecideDependencies): DecideAnswer {
  const { event, text, resolved } = computed;
  const { actions } = resolved.served.surface;
  if (text !== null) {
    learnFrom(computed, deps);
    const isWhole = resolved.request.eligibleActions === null;
    deps.window.remember(resolved.key, { text, actions, isWhole }, event.decidedAt);
  }
  count(computed, deps);
  return answerOf(event, actions);
}
