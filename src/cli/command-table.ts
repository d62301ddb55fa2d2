import type { Command } from 'commander';

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Loads the module only when its command is used: `allot --help` reads no other file. */
  readonly load: () => Promise<{ readonly register: (program: Command) => void }>;
}

/** In the order in which a newcomer meets them. */
export const commandTable: readonly CommandEntry[] = [
  {
    name: 'demo',
    summary: 'run the whole loop on simulated traffic and serve an overview page',
    load: () => import('./commands/demo.ts'),
  },
  {
    name: 'start',
    summary: 'run api, ingest and controller in one process',
    load: () => import('./commands/start.ts'),
  },
  {
    name: 'ope',
    summary: 'off-policy evaluation of any log file, no set-up',
    load: () => import('./commands/ope.ts'),
  },
  {
    name: 'looks',
    summary: 'verdicts on any A/B test file, look by look, safe against peeking',
    load: () => import('./commands/looks.ts'),
  },
  {
    name: 'srm',
    summary: 'sample ratio check of any experiment file, per group and over time',
    load: () => import('./commands/srm.ts'),
  },
  {
    name: 'import',
    summary: 'bring an existing log into the store',
    load: () => import('./commands/import.ts'),
  },
  {
    name: 'snapshot',
    summary: 'freeze a time range of the log as a dataset with a content hash',
    load: () => import('./commands/snapshot.ts'),
  },
  {
    name: 'train',
    summary: 'train a candidate policy on a snapshot',
    load: () => import('./commands/train.ts'),
  },
  {
    name: 'runs',
    summary: 'list training and evaluation runs, or show one with its lineage',
    load: () => import('./commands/runs.ts'),
  },
  {
    name: 'compare',
    summary: 'two runs side by side: config, metrics, action rates, lineage',
    load: () => import('./commands/compare.ts'),
  },
  {
    name: 'evaluate',
    summary: 'judge a policy on a snapshot it did not produce',
    load: () => import('./commands/evaluate.ts'),
  },
  {
    name: 'promote',
    summary: 'ask the gate whether a candidate may become champion',
    load: () => import('./commands/promote.ts'),
  },
  {
    name: 'experiment',
    summary: 'create, start, watch and end experiments; plan one; forecasts and shadows',
    load: () => import('./commands/experiment.ts'),
  },
  {
    name: 'simulate',
    summary: 'true values of a policy in a simulated feed world, and logs to practise on',
    load: () => import('./commands/simulate.ts'),
  },
  {
    name: 'study',
    summary: 'run a study of the repository and print its table',
    load: () => import('./commands/study.ts'),
  },
  {
    name: 'log-health',
    summary: 'is the log fit to learn and judge from',
    load: () => import('./commands/log-health.ts'),
  },
  {
    name: 'dead-letters',
    summary: 'records that ingest set aside: list, show, replay, purge',
    load: () => import('./commands/dead-letters.ts'),
  },
  {
    name: 'journal',
    summary: 'what the journal set aside as damaged: list, show, recover, purge',
    load: () => import('./commands/journal.ts'),
  },
  {
    name: 'forget',
    summary: 'delete a unit everywhere, prove it, and say what is out of reach',
    load: () => import('./commands/forget.ts'),
  },
  {
    name: 'retention',
    summary: 'drop whole days of the log',
    load: () => import('./commands/retention.ts'),
  },
  {
    name: 'backup',
    summary: 'database, journal and secrets into one folder',
    load: () => import('./commands/backup.ts'),
  },
  {
    name: 'restore',
    summary: 'fill an empty database from a backup',
    load: () => import('./commands/restore.ts'),
  },
  {
    name: 'topics',
    summary: 'the Kafka topics: check or apply partitions and retention',
    load: () => import('./commands/topics.ts'),
  },
  {
    name: 'keys',
    summary: 'create, list and revoke API keys',
    load: () => import('./commands/keys.ts'),
  },
  {
    name: 'artifacts',
    summary: 'sign policy artifacts and verify their signatures',
    load: () => import('./commands/artifacts.ts'),
  },
  {
    name: 'migrate',
    summary: 'bring the database to the schema of this version',
    load: () => import('./commands/migrate.ts'),
  },
  {
    name: 'doctor',
    summary: 'check this installation and say what to do',
    load: () => import('./commands/doctor.ts'),
  },
];
