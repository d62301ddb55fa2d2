import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { SeedOutcome } from '../../../offline/learning/parallel/train-seeds.ts';
import { AllotError } from '../../core/errors.ts';
import type { AllStores } from '../../service/ports/all-stores.ts';
import { safeFailure } from '../output.ts';
import type { TrainOptions } from './options.ts';

/** A training by hand is a run like any other, one per seed: `allot runs`, `allot compare` and the API find it. */
export interface Ledger {
  /** The run of a seed; the one of before where a killed training is resumed. null: nothing is registered. */
  begin(seed: number, checkpoints: string): Promise<string | null>;
  /** Closes the run; the policy is registered if it is the one to publish. Answers with its version then. */
  close(outcome: SeedOutcome, runId: string | null, publishes: boolean): Promise<string | null>;
  fail(runId: string | null, error: unknown): Promise<void>;
}

export const noLedger: Ledger = {
  begin: () => Promise.resolve(null),
  close: () => Promise.resolve(null),
  fail: () => Promise.resolve(),
};

export function storedLedger(
  stores: AllStores,
  options: TrainOptions,
  asked: { readonly surface: string; readonly config: Readonly<Record<string, unknown>> },
): Ledger {
  const { tenant, algorithm, snapshot = '' } = options;
  const actor = { tenant, id: 'cli' };
  const resumed = new Set<string>();
  return {
    async begin(seed, checkpoints) {
      const before = options.resume === true ? readRunId(checkpoints) : undefined;
      const known = before === undefined ? undefined : await stores.runs.find(tenant, before);
      const isOpen = known !== undefined && known.finishedAt === null;
      const id = isOpen ? known.id : randomUUID();
      const config = { algorithm, seed, config: asked.config, snapshot: resolve(snapshot) };
      if (isOpen) resumed.add(id);
      else await stores.runs.create({ id, kind: 'training', surface: asked.surface, config }, actor);
      await stores.runs.start(tenant, id);
      writeRunId(checkpoints, id);
      return id;
    },
    async close(outcome, runId, publishes) {
      if (runId === null) return null;
      const { publishTrained, trainingResult } = await import('../../../offline/train.ts');
      const { failureOfStopped, reportOfOutcome } =
        await import('../../../offline/reports/training-outcome.ts');
      const training = { ...asked, algorithm, runId };
      if ('stopped' in outcome) {
        await stores.runs.finish(tenant, runId, failureOfStopped(outcome, training));
        return null;
      }
      const reason = `training run ${runId}`;
      const version = publishes
        ? await publishTrained(stores.policies, tenant, outcome.trained, reason)
        : null;
      const result = {
        ...trainingResult(outcome.trained),
        policyVersion: version,
        snapshot: resolve(snapshot),
      };
      await stores.runs.finish(tenant, runId, { result, reportHtml: reportOfOutcome(outcome, training) });
      return version;
    },
    async fail(runId, error) {
      if (runId === null) return;
      // Asked to resume with other settings: the run that was killed is still there to be resumed with its own.
      if (resumed.has(runId) && error instanceof AllotError && error.code === 'config_invalid') return;
      const { code, message } = safeFailure(error);
      await stores.runs.finish(tenant, runId, { error: `${code}: ${message}` });
    },
  };
}

/** Beside the checkpoints, not among them: they are bound to what is computed, and a run's id is not part of that. */
const runFile = (checkpoints: string): string => `${checkpoints}.run`;

const readRunId = (checkpoints: string): string | undefined =>
  existsSync(runFile(checkpoints)) ? readFileSync(runFile(checkpoints), 'utf8') : undefined;

function writeRunId(checkpoints: string, id: string): void {
  mkdirSync(dirname(checkpoints), { recursive: true });
  writeFileSync(runFile(checkpoints), id);
}

export const forgetRunId = (checkpoints: string): void => rmSync(runFile(checkpoints), { force: true });
