import type { StudyTable } from '../../study-table.ts';
import type { Evidence } from './evidence.ts';
import type { Round } from './run.ts';
import { claims, isAsDeclared } from './claims.ts';
import { WINDOW_SECONDS, type Pace } from './scenario.ts';

export interface Setting {
  readonly replicas: number;
  readonly lookIntervalMs: number;
  readonly pace: Pace;
}

export function regressionTables(rounds: readonly Round[], setting: Setting): StudyTable[] {
  const evidence = rounds.flatMap((round) => round.evidence);
  const faulty = evidence.filter(({ scenario }) => scenario.fault !== 'none');
  const healthy = evidence.filter(({ scenario }) => scenario.fault === 'none');
  return [
    found(faulty, rounds, setting),
    reasons([...faulty, ...healthy]),
    ...(healthy.length === 0 ? [] : [untouched(healthy, faulty, setting)]),
  ];
}

function found(faulty: readonly Evidence[], rounds: readonly Round[], setting: Setting): StudyTable {
  const seconds = rounds.map((round) => round.seconds.toFixed(0)).join(', ');
  const decisions = rounds.reduce((sum, round) => sum + round.decisions, 0);
  return {
    title: 'Planted regressions on running processes',
    notes: [
      `${String(setting.replicas)} api replicas, one more that takes feedback, a controller and a PostgreSQL, each a process of its own; ` +
        `a surface and an experiment per row and seed, ${String(setting.pace.unitsPerSecond)} new units a second each, half of which come back; ` +
        `outcome window ${String(WINDOW_SECONDS)} s, a look every ${String(setting.lookIntervalMs / 1000)} s, ramp ${setting.pace.ramp.map((share) => String(100 * share)).join('-')} %. ` +
        `${String(decisions)} decisions in rounds of ${seconds} s.`,
      `A bad version is there from the start; everything else is planted at least ${String(setting.pace.plantAfterMs / 1000)} s later. Found: seconds, and units that came into the experiment, ` +
        'from then to the look that acted; median and worst of the seeds. Last: milliseconds from the change of the experiment’s row to the last ' +
        'answer by the treatment, on each replica, worst of the seeds (0: none after it). Exposed: units on the treatment since the fault.',
    ],
    header: [
      'planted',
      'declared',
      'as declared',
      'look',
      'found after, s',
      'units until then',
      'action',
      'state',
      'last, ms',
      'units exposed',
    ],
    rows: byScenario(faulty).map((runs) => row(runs)),
    claims: claims(faulty, rounds),
  };
}

function row(runs: readonly Evidence[]): readonly string[] {
  const [{ scenario }] = runs;
  const hits = runs.flatMap((run) => (run.found === null ? [] : [run.found]));
  const delays = runs.flatMap((run) => (run.lastTreatedMs === null ? [] : [run.lastTreatedMs]));
  return [
    scenario.title,
    scenario.declared,
    `${String(runs.filter(isAsDeclared).length)} of ${String(runs.length)}`,
    middleAndWorst(hits.map((hit) => hit.look)),
    middleAndWorst(hits.map((hit) => hit.seconds)),
    middleAndWorst(hits.map((hit) => hit.units)),
    scenario.expected.action,
    [...new Set(runs.map((run) => run.state))].join(', '),
    delays.length === 0 ? '–' : worstByReplica(delays),
    middleAndWorst(runs.map((run) => run.exposedUnits)),
  ];
}

const worstByReplica = (delays: readonly (readonly number[])[]): string =>
  delays[0].map((_, replica) => Math.max(...delays.map((of) => of[replica])).toFixed(0)).join(' · ');

function reasons(evidence: readonly Evidence[]): StudyTable {
  return {
    title: 'What the owner reads',
    notes: ['The reason stored with the look, of the first seed.'],
    header: ['experiment', 'declared', 'action', 'reason'],
    rows: byScenario(evidence).map(([{ scenario, found: hit }]) => [
      scenario.title,
      scenario.declared,
      scenario.expected.action,
      hit?.reason ?? '–',
    ]),
    claims: [],
  };
}

function untouched(healthy: readonly Evidence[], faulty: readonly Evidence[], { pace }: Setting): StudyTable {
  const before = faulty.reduce((sum, { falseActions }) => sum + falseActions, 0);
  return {
    title: 'Healthy runs beside them',
    notes: ['False actions: looks that rolled back, paused or held.'],
    header: ['experiment', 'declared', 'runs', 'looks', 'false actions', 'steps of the ramp', 'verdict'],
    rows: byScenario(healthy).map((runs) => [
      runs[0].scenario.title,
      runs[0].scenario.declared,
      String(runs.length),
      String(runs.reduce((sum, { looks }) => sum + looks, 0)),
      String(runs.reduce((sum, { falseActions }) => sum + falseActions, 0)),
      [...new Set(runs.map(({ blocks }) => `${String(blocks)} of ${String(pace.ramp.length)}`))].join(', '),
      [...new Set(runs.map(({ verdict }) => verdict))].join(', '),
    ]),
    claims: [
      {
        claim: 'nothing healthy is rolled back, paused or held',
        holds: healthy.every((run) => run.falseActions === 0),
      },
      {
        claim: 'healthy ramps go on to the end, and the better treatment is decided: pass',
        holds: healthy.every(isAsDeclared),
      },
      {
        claim: 'nothing is rolled back, paused or held before a fault is planted or after it is repaired',
        holds: before === 0,
      },
    ],
  };
}

function byScenario(evidence: readonly Evidence[]): readonly (readonly Evidence[])[] {
  const grouped = new Map<string, Evidence[]>();
  for (const run of evidence)
    grouped.set(run.scenario.name, [...(grouped.get(run.scenario.name) ?? []), run]);
  return [...grouped.values()];
}

function middleAndWorst(values: readonly number[]): string {
  if (values.length === 0) return '–';
  const sorted = [...values].sort((a, b) => a - b);
  const shown = (x: number): string => (Number.isInteger(x) ? String(x) : x.toFixed(1));
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  return sorted.length === 1 ? shown(middle) : `${shown(middle)}, ${shown(sorted[sorted.length - 1])}`;
}
