import type { DecideAnswer } from '../../../../src/service/serving/decide-answer.ts';
import type { DecideInput, ExposureInput, InteractionInput } from '../../../../src/client/client.ts';
import type { Random } from '../../../../src/core/math/random.ts';
import { note } from './ledger.ts';
import { reachesService, type Trial } from './trial.ts';
import type { Visit } from './visitors.ts';
import { sleep, type RegressionWorld } from './world.ts';

const TICK_MS = 100;
const MAX_WATCH = 200;

interface Asked {
  readonly trial: Trial;
  readonly visit: Visit;
}

interface Feedback {
  readonly exposures: ExposureInput[];
  readonly interactions: InteractionInput[];
}

/** The clients of all experiments of a world: they ask any replica, and send what happened to the same one or to the collector. */
export class Traffic {
  readonly #world: RegressionWorld;
  readonly #trials: readonly Trial[];
  readonly #random: Random;
  readonly #running: Promise<void>[] = [];
  #isStopped = false;
  #broken: Error | null = null;
  /** Waits at the client while the collector does not answer. */
  #held: Feedback = { exposures: [], interactions: [] };
  /** Decisions that were refused or came by a fallback. */
  failed = 0;
  decisions = 0;

  constructor(world: RegressionWorld, trials: readonly Trial[], random: Random) {
    this.#world = world;
    this.#trials = trials;
    this.#random = random;
  }

  start(): void {
    for (const loop of [this.#ask(), this.#collect()])
      this.#running.push(
        loop.catch((error: unknown) => {
          this.#broken ??= error instanceof Error ? error : new Error(String(error));
        }),
      );
  }

  /** Throws what has ended the traffic before its time. */
  check(): void {
    if (this.#broken !== null) throw this.#broken;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#running);
    this.check();
  }

  async #ask(): Promise<void> {
    while (!this.#isStopped) {
      const startedAt = Date.now();
      const byReplica = this.#world.clients.map((): Asked[] => []);
      for (const trial of this.#trials)
        for (const visit of trial.visitors.due(startedAt))
          if (reachesService(trial, this.#world.assignmentKey, visit.unitId))
            byReplica[this.#random.integer(byReplica.length)].push({ trial, visit });
      await Promise.all(byReplica.map((asked, replica) => this.#askReplica(replica, asked)));
      await sleep(Math.max(1, startedAt + TICK_MS - Date.now()));
    }
  }

  async #askReplica(replica: number, asked: readonly Asked[]): Promise<void> {
    if (asked.length === 0) return;
    const client = this.#world.clients[replica];
    const results = await client.decideBatch(asked.map(requestOf));
    const at = Date.now();
    const own: Feedback = { exposures: [], interactions: [] };
    results.forEach((result, k) => {
      this.decisions += 1;
      if (!('decision' in result) || result.decision.fallback !== null) this.failed += 1;
      if (!('decision' in result)) return;
      const { trial, visit } = asked[k];
      noteAnswer(trial, visit, { replica, at, decision: result.decision });
      const to = trial.scenario.fault === 'outcomes delayed' ? this.#held : own;
      this.#respond(trial, visit, result.decision, at, to);
    });
    if (own.exposures.length > 0) await client.expose(own.exposures);
    if (own.interactions.length > 0) await client.interact(own.interactions);
  }

  #respond(trial: Trial, { trait }: Visit, decision: DecideAnswer, at: number, to: Feedback): void {
    const { scenario, plantedAt } = trial;
    const { decisionId, variant, action } = decision;
    const random = this.#random;
    const by = action === 'live' ? 'live' : 'none';
    const watch = Math.min(MAX_WATCH, scenario.responses.watch[by] * trait * random.exponential());
    const isHidden = random.uniform() < scenario.responses.hide[by];
    const isLossy = scenario.fault === 'exposures lost' && plantedAt !== null && variant === 'treatment';
    const isLost = random.uniform() < (isLossy ? (scenario.lostShare ?? 1) : 0);
    const event = (type: string): InteractionInput => ({
      eventId: `${type}-${decisionId}`,
      decisionId,
      type,
      value: 1,
      occurredAt: at,
    });
    if (!isLost) to.exposures.push({ eventId: `x-${decisionId}`, decisionId, occurredAt: at });
    to.interactions.push({ ...event('watch'), value: watch });
    if (isHidden) to.interactions.push(event('hide'));
  }

  /** One call at a time, as a client library with a buffer does: while the collector stands still, everything waits. */
  async #collect(): Promise<void> {
    while (!this.#isStopped) {
      const { exposures, interactions } = this.#held;
      this.#held = { exposures: [], interactions: [] };
      for (const some of inBatches(exposures)) await this.#world.collector.expose(some);
      for (const some of inBatches(interactions)) await this.#world.collector.interact(some);
      await sleep(TICK_MS);
    }
  }
}

function* inBatches<T>(events: readonly T[], size = 500): Generator<readonly T[]> {
  for (let from = 0; from < events.length; from += size) yield events.slice(from, from + size);
}

const requestOf = ({ trial, visit }: Asked): DecideInput => ({
  requestId: `${visit.unitId}-${String(visit.number)}`,
  surface: trial.id,
  unitId: visit.unitId,
});

function noteAnswer(
  trial: Trial,
  { unitId }: Visit,
  {
    replica,
    at,
    decision,
  }: { readonly replica: number; readonly at: number; readonly decision: DecideAnswer },
): void {
  const isInExperiment = decision.experiment === trial.id;
  note(trial.ledger, {
    unitId,
    replica,
    at,
    isInExperiment,
    isTreated: decision.variant === 'treatment' || decision.policyVersion === trial.treatment,
    isPlanted: trial.plantedAt !== null,
  });
}
