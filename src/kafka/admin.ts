import type { Admin } from 'kafkajs';
import type { KafkaConfig } from '../config/config.ts';
import { AllotError } from '../core/errors.ts';
import type { Logger } from '../service/ports/logger.ts';
import { adviceFor } from './advice.ts';
import { createClient } from './client.ts';
import { within } from './deadline.ts';

export const ADMIN_DEADLINE_MS = 15_000;
/** Few: what nobody waits for any more must end by itself, or an outage would pile it up. */
const ADMIN_RETRIES = 3;

/** Makes connections to the cluster. */
export interface AdminClient {
  connect(): Promise<Admin>;
  /** The library's last complaint. */
  lastComplaint(): string;
}

/**
 * Questions to the cluster, each with a deadline, over one connection that is made by the first. A connection that broke
 * or did not answer is dropped, and the next question makes another.
 */
export class ClusterAdmin {
  readonly #config: KafkaConfig;
  readonly #client: AdminClient;
  readonly #deadlineMs: number;
  #admin: Promise<Admin> | null = null;

  constructor(config: KafkaConfig, client: AdminClient, deadlineMs = ADMIN_DEADLINE_MS) {
    this.#config = config;
    this.#client = client;
    this.#deadlineMs = deadlineMs;
  }

  /** `broker_unavailable` without an answer, with what a person can do about it where that can be told. */
  async ask<T>(what: string, work: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = (this.#admin ??= this.#client.connect());
    try {
      return await within(this.#deadlineMs, what, admin.then(work));
    } catch (error) {
      // Only this one: another question may have made a new connection meanwhile.
      if (this.#admin === admin) this.#admin = null;
      void leave(admin);
      throw await this.#explained(error);
    }
  }

  async #explained(error: unknown): Promise<unknown> {
    if (!(error instanceof AllotError) || error.code !== 'broker_unavailable') return error;
    const cause = error.cause instanceof Error ? error.cause.message : '';
    const advice = await adviceFor(this.#config, `${cause} ${this.#client.lastComplaint()}`);
    if (advice === null) return error;
    return new AllotError(error.code, `${error.message}: ${advice}`, { cause: error.cause });
  }

  async close(): Promise<void> {
    const admin = this.#admin;
    this.#admin = null;
    if (admin !== null) await within(this.#deadlineMs, 'disconnect', leave(admin)).catch(() => undefined);
  }
}

const leave = (admin: Promise<Admin>): Promise<void> =>
  admin.then((connected) => connected.disconnect()).catch(() => undefined);

export function adminClient(config: KafkaConfig, logger: Logger): AdminClient {
  const { kafka, lastComplaint } = createClient(config, logger, ADMIN_RETRIES);
  const connect = async (): Promise<Admin> => {
    const admin = kafka.admin();
    await admin.connect();
    return admin;
  };
  return { connect, lastComplaint };
}
