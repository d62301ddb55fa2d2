import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';

const root = join(import.meta.dirname, '..', '..');
const rules = join(root, 'deploy', 'alerts.yaml');
const promtool = findPromtool();
const folder = mkdtempSync(join(tmpdir(), 'allot-alerts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** From minute `at` of a run on: `series` are samples a minute apart, in promtool's notation. */
interface Case {
  readonly alert: string;
  readonly when: string;
  readonly series: Readonly<Record<string, string>>;
  readonly at: number;
  /** The labels of what fires, alert name and severity aside. */
  readonly fires: readonly Readonly<Record<string, string>>[];
}

const a = 'job="allot",instance="a"';
const b = 'job="allot",instance="b"';
const started = (instance: string, samples: string): Record<string, string> => ({
  [`allot_process_start_time_seconds{${instance}}`]: samples,
});
/** Two days before the run begins. */
const old = '-172800x3000';
const oldProcess = started(a, old);
const of = (name: string, labels: string, samples: string): Record<string, string> => ({
  [`${name}{${labels}}`]: samples,
});
const decisions = (tenant: string, fallback: string, samples: string): Record<string, string> =>
  of('allot_decisions_total', `${a},tenant="${tenant}",surface="home",fallback="${fallback}"`, samples);
const outcomes = (outcome: string, samples: string): Record<string, string> =>
  of('allot_join_decisions_total', `${a},tenant="t",surface="home",outcome="${outcome}"`, samples);
const where = { job: 'allot', instance: 'a' };
const home = { tenant: 't', surface: 'home' };
const damage = (instance: string, samples: string, kind = 'damaged-segment'): Record<string, string> =>
  of('allot_journal_damage_total', `${instance},kind="${kind}"`, samples);
const damaged = [{ ...where, kind: 'damaged-segment' }];
const refusals = (samples: string, surface = 'home'): Record<string, string> =>
  of('allot_artifact_refusals_total', `${a},tenant="t",surface="${surface}"`, samples);
const gaps = (samples: string): Record<string, string> =>
  of('allot_kafka_gaps_total', `${a},topic="allot.decisions.v1"`, samples);
const letters = (instance: string, samples: string): Record<string, string> =>
  of('allot_dead_letters_total', `${instance},reason="data"`, samples);

const jobs = (samples: string, outcome = 'failed'): Record<string, string> =>
  of('allot_job_duration_seconds_count', `${a},kind="training",outcome="${outcome}"`, samples);
const openJob = (instance: string, samples: string): Record<string, string> =>
  of('allot_jobs_oldest_open_age_seconds', `${instance},kind="training"`, samples);

const cases: readonly Case[] = [
  ...about('AllotJournalDamaged', [
    [
      'damage was counted at opening, before the first scrape',
      { ...started(a, '0x60'), ...damage(a, '1x60') },
      1,
      damaged,
    ],
    ['a running process finds some', { ...oldProcess, ...damage(a, '0x10 1x60') }, 20, damaged],
    [
      'a process that counted 1 is restarted and counts 1 again',
      { ...started(a, '-172800x10 600x60'), ...damage(a, '1x70') },
      15,
      damaged,
    ],
    ['a day later', { ...started(a, '0x1600'), ...damage(a, '1x1600') }, 1500, []],
    ['there is none', { ...started(a, '0x60'), ...damage(a, '0x60') }, 30, []],
    ['a kill tore the tail', { ...started(a, '0x60'), ...damage(a, '1x60', 'torn-tail') }, 30, []],
  ]),
  ...about('AllotDeadLetters', [
    [
      'one record is set aside, once',
      { ...oldProcess, ...letters(a, '0x10 1x60') },
      15,
      [{ reason: 'data' }],
    ],
    [
      'it was the first record of the process',
      { ...started(a, '0x60'), ...letters(a, '1x60') },
      1,
      [{ reason: 'data' }],
    ],
    [
      'two replicas set some aside: one alert',
      { ...oldProcess, ...started(b, old), ...letters(a, '0x10 1x60'), ...letters(b, '0x10 4x60') },
      15,
      [{ reason: 'data' }],
    ],
    ['it was long ago', { ...oldProcess, ...letters(a, '0x10 1x60') }, 40, []],
  ]),
  ...about('AllotKafkaGap', [
    [
      'the first gap of a process',
      { ...oldProcess, ...gaps('_x10 1x60') },
      15,
      [{ topic: 'allot.decisions.v1' }],
    ],
    ['another one', { ...oldProcess, ...gaps('1x1500 2x60') }, 1505, [{ topic: 'allot.decisions.v1' }]],
    [
      'one before the restart, and one after',
      { ...started(a, '-172800x1500 90000x60'), ...gaps('1x1600') },
      1505,
      [{ topic: 'allot.decisions.v1' }],
    ],
    ['the last was days ago', { ...oldProcess, ...gaps('1x1600') }, 1550, []],
  ]),
  ...about('AllotArtifactRefused', [
    ['an artifact is refused, once', { ...oldProcess, ...refusals('0x10 1x60') }, 15, [home]],
    ['it is refused at start', { ...started(a, '0x60'), ...refusals('1x60') }, 1, [home]],
    [
      'it was refused before the restart, and is again',
      { ...started(a, '-172800x20 1200x60'), ...refusals('1x80') },
      25,
      [home],
    ],
    [
      'a surface is new in an old process, and its artifact bad',
      { ...oldProcess, ...refusals('_x10 1x60') },
      12,
      [home],
    ],
    ['a surface is new, and all is well', { ...oldProcess, ...refusals('_x10 0x60') }, 12, []],
    ['it was long ago', { ...oldProcess, ...refusals('0x10 1x60') }, 40, []],
  ]),
  ...about('AllotExplorationCollapsed', [
    [
      'one tenant no longer explores, and another one does on a surface of the same name',
      {
        ...of('allot_exploration_collapsed', `${a},tenant="t",surface="home",variant="none"`, '1x60'),
        ...of('allot_exploration_collapsed', `${a},tenant="u",surface="home",variant="none"`, '0x60'),
      },
      40,
      [{ ...home, variant: 'none' }],
    ],
    [
      'the variant fell silent before the half hour',
      of('allot_exploration_collapsed', `${a},tenant="t",surface="home",variant="none"`, '1x20 0x60'),
      40,
      [],
    ],
  ]),
  ...about('AllotUnlogged', [
    [
      'the journal of one tenant is full',
      { ...decisions('t', 'unlogged', '0x5 3+3x20'), ...decisions('u', 'unlogged', '0x30') },
      8,
      [home],
    ],
    ['it takes records again', decisions('t', 'unlogged', '0x5 3+3x5 18x30'), 25, []],
  ]),
  ...about('AllotNotIngested', [
    ['no ingest ever answered', decisions('t', 'none', '0+60x60'), 20, [{}]],
    [
      'ingest stands still',
      { ...decisions('t', 'none', '0+60x60'), ...of('allot_ingest_events_total', b, '5x60') },
      30,
      [{}],
    ],
    [
      'ingest works',
      { ...decisions('t', 'none', '0+60x60'), ...of('allot_ingest_events_total', b, '0+60x60') },
      40,
      [],
    ],
    [
      'nobody asks',
      { ...decisions('t', 'none', '9x60'), ...of('allot_ingest_events_total', b, '9x60') },
      40,
      [],
    ],
  ]),
  ...about('AllotNotScraped', [
    ['nothing answers', {}, 6, [{}]],
    ['one process answers', oldProcess, 6, []],
  ]),
  ...about('AllotNoLeader', [
    ['the controller is gone, an api answers', of('allot_controller_leader', a, '0x20'), 6, [{}]],
    [
      'two lead',
      { ...of('allot_controller_leader', a, '1x20'), ...of('allot_controller_leader', b, '1x20') },
      6,
      [{}],
    ],
    [
      'the lead changes hands',
      { ...of('allot_controller_leader', a, '1x5 0x20'), ...of('allot_controller_leader', b, '0x7 1x20') },
      8,
      [],
    ],
  ]),
  ...about('AllotConsumerBehind', [
    [
      'three consumers tell the lag of their group: one alert',
      Object.assign(
        {},
        ...['a', 'b', 'c'].map((i) => of('allot_ingest_lag_records', `instance="${i}"`, '2000000x20')),
      ) as Record<string, string>,
      12,
      [{}],
    ],
    ['it catches up', of('allot_ingest_lag_records', a, '2000000x5 10x20'), 12, []],
  ]),
  ...about('AllotEventsWaiting', [
    [
      'the oldest record is eleven minutes old',
      of('allot_journal_oldest_age_seconds', a, '660x9'),
      3,
      [where],
    ],
    ['it is a minute old', of('allot_journal_oldest_age_seconds', a, '60x9'), 5, []],
  ]),
  ...about('AllotStaleControl', [
    [
      'one decider cannot reach the store',
      { ...of('allot_control_age_seconds', a, '0+60x9'), ...of('allot_control_age_seconds', b, '1x9') },
      5,
      [where],
    ],
    ['all is fresh', of('allot_control_age_seconds', a, '2x9'), 5, []],
  ]),
  ...about('AllotOrphans', [
    [
      'one in ten waits for a decision',
      {
        ...of('allot_join_feedback_total', `${a},kind="exposure",outcome="joined"`, '0+9x60'),
        ...of('allot_join_feedback_total', `${a},kind="exposure",outcome="orphan"`, '0+1x60'),
      },
      40,
      [{ kind: 'exposure' }],
    ],
    [
      'there is no feedback at all',
      {
        ...of('allot_join_feedback_total', `${a},kind="exposure",outcome="joined"`, '0x60'),
        ...of('allot_join_feedback_total', `${a},kind="exposure",outcome="orphan"`, '0x60'),
      },
      40,
      [],
    ],
  ]),
  ...about('AllotUndelivered', [
    [
      'most are never shown',
      { ...outcomes('delivered', '0+1x180'), ...outcomes('undelivered', '0+9x180') },
      150,
      [home],
    ],
    [
      'most are shown',
      { ...outcomes('delivered', '0+9x180'), ...outcomes('undelivered', '0+1x180') },
      150,
      [],
    ],
  ]),
  ...about('AllotTwins', [
    [
      'one in ten was shown twice',
      { ...outcomes('delivered', '0+9x180'), ...outcomes('twin', '0+1x180') },
      150,
      [home],
    ],
    ['none was', { ...outcomes('delivered', '0+9x180'), ...outcomes('twin', '0x180') }, 150, []],
  ]),
  ...about('AllotFallback', [
    [
      'one answer in ten is not the policy’s',
      { ...decisions('t', 'none', '0+9x60'), ...decisions('t', 'safe-action', '0+1x60') },
      20,
      [home],
    ],
    [
      'a person killed the surface',
      { ...decisions('t', 'none', '5x60'), ...decisions('t', 'killed', '0+9x60') },
      20,
      [],
    ],
  ]),
  ...about('AllotBreakGlass', [
    ['a surface is killed by the file for an hour', of('allot_break_glass_surfaces', a, '1x90'), 70, [{}]],
    ['the file names none', of('allot_break_glass_surfaces', a, '0x90'), 70, []],
  ]),
  ...about('AllotPartitionsMissing', [
    [
      'nobody makes them',
      { ...of('allot_partitions_ahead_days', a, '0x90'), ...of('allot_partitions_ahead_days', b, '1x90') },
      70,
      [{}],
    ],
    [
      'the controller does, the api knows nothing of it',
      { ...of('allot_partitions_ahead_days', a, '0x90'), ...of('allot_partitions_ahead_days', b, '7x90') },
      70,
      [],
    ],
  ]),
  ...about('AllotJobFailed', [
    ['the first job of a kind fails', { ...oldProcess, ...jobs('_x10 1x60') }, 15, [{ kind: 'training' }]],
    ['another one does', { ...oldProcess, ...jobs('1x100 2x60') }, 105, [{ kind: 'training' }]],
    [
      'one failed before the restart, and one after',
      { ...started(a, '-172800x100 6000x60'), ...jobs('1x160') },
      105,
      [{ kind: 'training' }],
    ],
    ['all of them succeed', { ...oldProcess, ...jobs('_x10 1+1x60', 'succeeded') }, 15, []],
    ['the last was hours ago', { ...oldProcess, ...jobs('0x10 1x200') }, 150, []],
  ]),
  ...about('AllotJobNotEnding', [
    [
      'two controllers tell of a run that goes on',
      { ...openJob(a, '0+60x400'), ...openJob(b, '0+60x400') },
      380,
      [{ kind: 'training' }],
    ],
    ['it ended in time', openJob(a, '0+60x355 0x60'), 380, []],
    ['none is open', openJob(a, '0x400'), 380, []],
  ]),
  ...about('AllotRolledBack', [
    [
      'the controller rolled an experiment back',
      {
        ...of(
          'allot_experiment_state',
          `${a},experiment="e",tenant="t",surface="home",state="running"`,
          '0x9',
        ),
        ...of(
          'allot_experiment_state',
          `${a},experiment="e",tenant="t",surface="home",state="rolled-back"`,
          '1x9',
        ),
      },
      1,
      [{ ...home, experiment: 'e' }],
    ],
    [
      'it runs',
      of(
        'allot_experiment_state',
        `${a},experiment="e",tenant="t",surface="home",state="rolled-back"`,
        '0x9',
      ),
      5,
      [],
    ],
  ]),
];

const { groups } = parse(readFileSync(rules, 'utf8')) as { groups: { rules: { alert: string }[] }[] };

describe('the rules of deploy/alerts.yaml', () => {
  it('are each seen to fire and to be quiet', () => {
    for (const { alert } of groups.flatMap((group) => group.rules)) {
      const ofIt = cases.filter((one) => one.alert === alert);
      expect(
        ofIt.some(({ fires }) => fires.length > 0),
        `${alert} fires`,
      ).toBe(true);
      expect(
        ofIt.some(({ fires }) => fires.length === 0),
        `${alert} is quiet`,
      ).toBe(true);
    }
  });
});

const missing = promtool === null ? ' (SKIPPED: no promtool, see scripts/promtool.sh)' : '';
describe.skipIf(promtool === null)(`the rules, as Prometheus evaluates them${missing}`, () => {
  it('are a file that it reads', () => {
    const { status, stdout, stderr } = spawnSync(promtool ?? '', ['check', 'rules', rules], {
      encoding: 'utf8',
    });
    expect({ status, said: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, said: '' });
  });

  it.each(cases.map((one) => [titleOf(one), one] as const))('%s', (_, { alert, series, at, fires }) => {
    const selector = `alertname="${alert}",alertstate="firing"`;
    const test = {
      rule_files: [fileOf(alert)],
      evaluation_interval: '1m',
      tests: [
        {
          interval: '1m',
          input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
          promql_expr_test: [
            {
              expr: `sum without (severity, alertname, alertstate) (ALERTS{${selector}})`,
              eval_time: `${String(at)}m`,
              exp_samples: fires.map((labels) => ({ labels: selectorOf(labels), value: 1 })),
            },
          ],
        },
      ],
    };
    const file = join(folder, 'test.yaml');
    writeFileSync(file, JSON.stringify(test));
    const { status, stdout, stderr } = spawnSync(promtool ?? '', ['test', 'rules', file], {
      encoding: 'utf8',
    });
    expect({ status, said: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, said: '' });
  });
});

function about(
  alert: string,
  rows: readonly (readonly [string, Case['series'], number, Case['fires']])[],
): readonly Case[] {
  return rows.map(([when, series, at, fires]) => ({ alert, when, series, at, fires }));
}

/** The rule alone, in its group: no rule reads another, and promtool evaluates all that it is given at every minute. */
function fileOf(alert: string): string {
  const file = join(folder, `${alert}.yaml`);
  const own = groups.map((group) => ({
    ...group,
    rules: group.rules.filter((rule) => rule.alert === alert),
  }));
  writeFileSync(file, stringify({ groups: own }));
  return file;
}

const titleOf = ({ alert, when, fires }: Case): string =>
  `${alert} ${fires.length === 0 ? 'is quiet' : 'fires'}: ${when}`;

function selectorOf(labels: Readonly<Record<string, string>>): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(',')}}`;
}

function findPromtool(): string | null {
  const script = join(root, 'scripts', 'promtool.sh');
  const { status, stdout } = spawnSync('bash', [script], { encoding: 'utf8', timeout: 120_000 });
  return status === 0 ? stdout.trim() : null;
}
