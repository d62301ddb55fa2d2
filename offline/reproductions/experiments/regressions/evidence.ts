import type { AllotClient } from '../../../../src/client/client.ts';
import { lastTreatedAfter, unitsBetween } from './ledger.ts';
import type { Scenario } from './scenario.ts';
import type { Trial } from './trial.ts';
import type { RegressionWorld } from './world.ts';

/** What is read of a stored look. */
export interface StoredLook {
  readonly at: number;
  readonly verdict: string;
  readonly action: string;
  readonly actionReason: string;
}

/** All of them, oldest first. */
export async function storedLooks(client: AllotClient, id: string): Promise<readonly StoredLook[]> {
  const pages: StoredLook[][] = [];
  for (let before: number | null | undefined; before !== null;) {
    const page = await client.experimentLooks(id, {
      limit: 1000,
      ...(before === undefined ? {} : { before }),
    });
    pages.unshift(page.looks as unknown as StoredLook[]);
    before = page.next;
  }
  return pages.flat();
}

/** What one scenario of one seed showed. */
export interface Evidence {
  readonly scenario: Scenario;
  readonly seed: number;
  /** The look that took the expected action; null: none did. */
  readonly found: Found | null;
  readonly state: string;
  readonly looks: number;
  readonly blocks: number;
  /** Of the experiment at the end, by the newest look. */
  readonly verdict: string;
  /** Units on the treatment since the fault was planted. */
  readonly exposedUnits: number;
  /** From the experiment's row to the last answer by the treatment, by replica; null: not taken back, or unknown. */
  readonly lastTreatedMs: readonly number[] | null;
  /** Looks that rolled back, paused or held before anything was wrong or after it was repaired. */
  readonly falseActions: number;
  /** Steps of the ramp while the fault was there and known. */
  readonly stepsWhileFound: number;
  /** Any look with the verdict `pass` while the fault was there. */
  readonly isPassedWhilePlanted: boolean;
  readonly entered: { readonly units: number; readonly withoutFeedback: number };
}

export interface Found {
  /** Counted from 1. */
  readonly look: number;
  /** Since the fault was planted (a healthy run: since the start). */
  readonly seconds: number;
  /** Units that came into the experiment meanwhile. */
  readonly units: number;
  readonly reason: string;
}

const DRASTIC = ['roll-back', 'pause', 'hold'];
/** Feedback that was held back is stored within this long of its release. */
const RECOVERED_MS = 8_000;

export async function evidenceOf(world: RegressionWorld, trial: Trial, seed: number): Promise<Evidence> {
  const [client] = world.clients;
  const { scenario, ledger, id, releasedAt } = trial;
  const experiment = await client.experiment(id);
  const looks = await storedLooks(client, id);
  const from = trial.plantedAt ?? trial.startedAt;
  const until = releasedAt ?? Infinity;
  const index = looks.findIndex(({ at, action }) => at >= from && action === scenario.expected.action);
  const found = looks.at(index === -1 ? looks.length : index);
  const isWrong = ({ at }: StoredLook): boolean =>
    scenario.fault !== 'none' && at >= from && at < until + RECOVERED_MS;
  const isHeld = ({ at, action }: StoredLook): boolean =>
    action === 'ramp' && found !== undefined && scenario.fault !== 'none' && at > found.at && at < until;
  return {
    scenario,
    seed,
    found:
      found === undefined
        ? null
        : {
            look: index + 1,
            seconds: (found.at - from) / 1000,
            units: unitsBetween(ledger, from, found.at),
            reason: found.actionReason,
          },
    state: experiment.state,
    looks: looks.length,
    blocks: experiment.blocks.length,
    verdict: looks.at(-1)?.verdict ?? '',
    exposedUnits: ledger.treatedAt.size,
    lastTreatedMs: await sinceRow(client, trial, experiment.state),
    falseActions: looks.filter((look) => DRASTIC.includes(look.action) && !isWrong(look)).length,
    stepsWhileFound: looks.filter(isHeld).length,
    isPassedWhilePlanted: looks.some((look) => look.at >= from && look.at < until && look.verdict === 'pass'),
    entered: await world.entered(id),
  };
}

async function sinceRow(client: AllotClient, trial: Trial, state: string): Promise<readonly number[] | null> {
  if (state !== 'rolled-back' && state !== 'paused') return null;
  const changes = (await client.audit(1000)).filter(
    ({ subject, details }) => subject === trial.id && details.to === state,
  );
  const at = changes.at(0)?.at;
  return at === undefined ? null : lastTreatedAfter(trial.ledger, at);
}
