import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerText } from '../../src/service/serving/decide-answer.ts';
import type { DecideCall } from '../../src/service/serving/decide-group.ts';
import { sendProblem } from '../http/send.ts';
import type { ApiServices } from '../services.ts';
import type { AnswerHeads } from './answer-heads.ts';

interface Waiting extends DecideCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/**
 * Requests that arrive in one turn of the event loop are decided together at its end: one write of the journal for all
 * of them, then their answers. Nobody waits for others to come; under load the turns are longer and so are the groups.
 */
export class TickGroup {
  readonly #services: ApiServices;
  readonly #heads: AnswerHeads;
  #waiting: Waiting[] = [];

  constructor(services: ApiServices, heads: AnswerHeads) {
    this.#services = services;
    this.#heads = heads;
  }

  add(waiting: Waiting): void {
    this.#waiting.push(waiting);
    if (this.#waiting.length === 1) setImmediate(this.#answer);
  }

  readonly #answer = (): void => {
    const group = this.#waiting;
    this.#waiting = [];
    const { serving } = this.#services;
    try {
      const results = serving.decideAll(group);
      for (let i = 0; i < group.length; i += 1) {
        const result = results[i];
        if ('error' in result) this.#refuse(group[i], result.error);
        else this.#heads.send(group[i].response, answerText(result.answer));
      }
    } catch (error) {
      for (const waiting of group) this.#refuse(waiting, error);
    }
  };

  #refuse({ request, response }: Waiting, error: unknown): void {
    sendProblem(request, response, error, this.#services);
  }
}
