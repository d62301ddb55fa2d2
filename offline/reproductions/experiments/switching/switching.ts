import type { AllotClient } from '../../../../src/client/client.ts';
import type { StudyTable } from '../../study-table.ts';

export interface Replicas {
  /** One client per replica; changes are asked of the first. */
  readonly clients: readonly AllotClient[];
  readonly surface: string;
  readonly champion: string;
  readonly challenger: string;
}

export type SwitchKind = 'alias' | 'experiment' | 'kill switch';

export interface SwitchTrial {
  readonly kind: SwitchKind;
  /** From the API's answer to the last decision by the old policy, on any replica, ms; 0: there was none. */
  readonly lastOldMs: number;
}

/** What the product promises: effective everywhere within this long. */
export const LIMIT_MS = 5_000;
const QUIET_ANSWERS = 10;

interface Answer {
  readonly at: number;
  readonly isOld: boolean;
}

/**
 * Measures switches on running replicas. Each replica is asked for decisions without pause while the change is made; an answer
 * that still came from the old policy after the API had confirmed the change counts against it.
 */
export async function measureSwitches(
  replicas: Replicas,
  trials: number,
  onTrial: () => void = () => undefined,
): Promise<readonly SwitchTrial[]> {
  const measured: SwitchTrial[] = [];
  for (let trial = 0; trial < trials; trial++)
    for (const kind of ['alias', 'experiment', 'kill switch'] as const) {
      measured.push({ kind, lastOldMs: await measureOne(replicas, kind, trial) });
      onTrial();
    }
  return measured;
}

async function measureAlias(replicas: Replicas, trial: number): Promise<number> {
  const { clients, surface, champion, challenger } = replicas;
  const [admin] = clients;
  const [from, to] = trial % 2 === 0 ? [champion, challenger] : [challenger, champion];
  await admin.setAlias(surface, 'champion', from);
  await settled(replicas, (decision) => decision.policyVersion === from);
  return await timed(
    replicas,
    (d) => d.policyVersion === from,
    () => admin.setAlias(surface, 'champion', to),
  );
}

async function measureOne(replicas: Replicas, kind: SwitchKind, trial: number): Promise<number> {
  const { clients, surface } = replicas;
  const [admin] = clients;
  const experiment = `switch-${String(trial)}-${String(Date.now())}`;
  if (kind === 'alias') return await measureAlias(replicas, trial);
  if (kind === 'experiment') return await byExperiment(replicas, experiment);
  await settled(replicas, (decision) => decision.fallback === null);
  const delay = await timed(
    replicas,
    (d) => d.fallback !== 'killed',
    () => admin.kill(surface, 'a switching trial'),
  );
  await admin.revive(surface);
  return delay;
}

/** Everybody is in an experiment on the challenger; rolled back, everybody is on the champion. */
async function byExperiment(replicas: Replicas, name: string): Promise<number> {
  const { clients, surface, champion, challenger } = replicas;
  const [admin] = clients;
  await admin.setAlias(surface, 'champion', champion);
  const variants = [
    { name: 'control', role: 'control' as const, policyVersion: challenger },
    { name: 'treatment', role: 'treatment' as const, policyVersion: challenger },
  ];
  await admin.createExperiment({ surface, name, variants });
  await admin.startExperiment(name);
  await settled(replicas, (decision) => decision.experiment === name);
  return await timed(
    replicas,
    (d) => d.experiment !== null || d.policyVersion === challenger,
    () => admin.rollbackExperiment(name, 'a switching trial'),
  );
}

type Decision = Awaited<ReturnType<AllotClient['decide']>>;

/** Until every replica answers as wanted, several times in a row. */
async function settled(
  { clients, surface }: Replicas,
  holds: (decision: Decision) => boolean,
): Promise<void> {
  await Promise.all(
    clients.map(async (client, i) => {
      for (let n = 0, inRow = 0; inRow < QUIET_ANSWERS; n++) {
        const decision = await ask(client, surface, `settle-${String(i)}-${String(n)}`);
        inRow = holds(decision) ? inRow + 1 : 0;
        if (inRow === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }),
  );
}

async function timed(
  { clients, surface }: Replicas,
  isOld: (decision: Decision) => boolean,
  change: () => Promise<unknown>,
): Promise<number> {
  let confirmedAt = Infinity;
  const lanes = clients.map(async (client, i): Promise<readonly Answer[]> => {
    const answers: Answer[] = [];
    let newInRow = 0;
    for (let n = 0; newInRow < QUIET_ANSWERS || performance.now() < confirmedAt + 200; n++) {
      const decision = await ask(client, surface, `timed-${String(i)}-${String(n)}`);
      const old = isOld(decision);
      answers.push({ at: performance.now(), isOld: old });
      newInRow = old ? 0 : newInRow + 1;
      if (performance.now() > confirmedAt + 4 * LIMIT_MS) break;
    }
    return answers;
  });
  await change();
  confirmedAt = performance.now();
  const answers = (await Promise.all(lanes)).flat();
  const late = answers.filter((answer) => answer.isOld && answer.at > confirmedAt);
  return Math.max(0, ...late.map((answer) => answer.at - confirmedAt));
}

let requests = 0;
const ask = (client: AllotClient, surface: string, unitId: string): Promise<Decision> =>
  client.decide({ requestId: `s-${String(requests++)}`, surface, unitId, features: { hour: 3 } });

export function switchingTable(trials: readonly SwitchTrial[], replicas: number): StudyTable {
  const kinds = ['alias', 'experiment', 'kill switch'] as const;
  const delays = (kind: SwitchKind): number[] =>
    trials.filter((trial) => trial.kind === kind).map((trial) => trial.lastOldMs);
  return {
    title: 'Switching on running replicas',
    notes: [
      `${String(replicas)} api processes on one database, each asked for decisions without pause.`,
      'Milliseconds from the API’s answer to the last decision by the old policy on any replica (0: none came after it).',
    ],
    header: ['switched by', 'trials', 'median', 'worst'],
    rows: kinds.map((kind) => {
      const sorted = delays(kind).sort((a, b) => a - b);
      const shown = (x: number | undefined): string => (x ?? NaN).toFixed(0);
      return [
        kind,
        String(sorted.length),
        shown(sorted[Math.floor(sorted.length / 2)]),
        shown(sorted.at(-1)),
      ];
    }),
    claims: kinds.map((kind) => ({
      claim: `by ${kind}: the worst of ${String(delays(kind).length)} within ${String(LIMIT_MS)} ms`,
      holds: delays(kind).length > 0 && Math.max(...delays(kind)) <= LIMIT_MS,
    })),
  };
}
