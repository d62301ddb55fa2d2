import { openedShare, type Experiment } from '../../core/experiment/experiment.ts';
import { DEFAULT_METHOD } from '../../core/experiment/test-methods.ts';
import type { ExperimentLook } from '../../service/experiment-analysis/experiment-analysis.ts';
import type { ForecastReport, ShadowReport } from '../../service/experiments/evidence.ts';
import { percent, table } from '../output.ts';
const short = (x: number): string => x.toPrecision(4);

export function experimentRows(experiments: readonly Experiment[], surface?: string): string {
  if (experiments.length === 0) {
    const where = surface === undefined ? '' : ` on ${surface}`;
    return `no experiments${where} yet: \`allot experiment create --help\` shows a file`;
  }
  return table(
    ['experiment', 'surface', 'state', 'share', 'variants'],
    experiments.map((one) => [
      one.id,
      one.surface,
      one.state,
      percent(openedShare(one)),
      one.variants.map(({ name, policyVersion }) => `${name}=${policyVersion}`).join(' '),
    ]),
  );
}

export function describeExperiment(one: Experiment): string {
  const lines = [
    `${one.id} on ${one.surface}: ${one.state}`,
    `  share      ${percent(openedShare(one))} of the units in ${String(one.blocks.length)} block(s), holdout ${percent(one.holdoutShare)}`,
    ...one.variants.map(
      ({ name, role, policyVersion, alias }) =>
        `  ${role.padEnd(10)} ${name} = ${policyVersion}${alias === undefined ? '' : ` (alias ${alias})`}`,
    ),
  ];
  const { plan, decision, lastChange } = one;
  if (lastChange !== undefined) {
    const { state, at, by, reason } = lastChange;
    const why = reason === null ? '' : `: ${reason}`;
    lines.push(`  last change ${state} at ${new Date(at).toISOString()} by ${by}${why}`);
  }
  if (plan !== undefined) {
    const { method = DEFAULT_METHOD, estimand, tunedAtUnits } = plan;
    lines.push(
      `  judged     ${estimand} by ${method} at level ${String(one.level)}, tightest at ${String(tunedAtUnits)} units`,
    );
    const steps = plan.ramp?.steps.map(({ trafficShare }) => percent(trafficShare)).join(' → ');
    lines.push(`  ramp       ${steps ?? 'by hand'}`);
    for (const { name, role, rule } of plan.metrics)
      lines.push(`  ${role.padEnd(10)} ${name}: ${Object.values(rule).join(' ')}`);
  }
  if (decision !== undefined) lines.push(`  decision   ${decision.verdict}: ${decision.reason}`);
  return lines.join('\n');
}

/** A look as it was made now, or as it was stored (older ones have fewer fields). */
export function describeLook(stored: ExperimentLook | Readonly<Record<string, unknown>>): string {
  const look = stored as Partial<ExperimentLook> & {
    readonly action?: string;
    readonly actionReason?: string;
  };
  const at = look.at === undefined ? '' : new Date(look.at).toISOString();
  const units = Object.entries(look.units ?? {}).map(([name, count]) => `${name} ${String(count)}`);
  const metrics = (look.byMetric ?? []).map(({ name, role, state, effect }) => [
    name,
    role,
    state,
    effect === null ? '' : `${short(effect.value)} [${short(effect.lower)}, ${short(effect.upper)}]`,
  ]);
  const health = (look.health ?? []).filter((check) => check.state !== 'ok');
  return [
    `${look.treatment ?? ''} against ${look.control ?? ''}: ${look.verdict ?? ''} ${at}`,
    `  closed units: ${units.join(', ')}`,
    ...table(['metric', 'role', 'state', 'effect'], metrics)
      .split('\n')
      .map((line) => `  ${line}`),
    ...health.map((check) => `  health: ${check.name} ${check.state}: ${check.reason}`),
    ...(look.action === undefined ? [] : [`  then: ${look.action}, because ${look.actionReason ?? ''}`]),
  ].join('\n');
}

export function describeForecasts({ forecasts, coverage, level }: ForecastReport): string {
  if (forecasts.length === 0) return 'no forecast has been measured yet';
  const interval = (x: { readonly value: number; readonly lower: number; readonly upper: number } | null) =>
    x === null ? '' : `${short(x.value)} [${short(x.lower)}, ${short(x.upper)}]`;
  const rows = forecasts.map((one) => [
    new Date(one.measuredAt).toISOString().slice(0, 10),
    one.policyVersion,
    one.response,
    interval(one.offline),
    interval(one.online),
    one.calibration?.isCovered === true ? 'agrees' : 'differs',
    percent(one.coverageSoFar),
  ]);
  const header = ['measured', 'version', 'response', 'offline', 'online', '', 'coverage so far'];
  return `${table(header, rows)}\n${percent(coverage ?? 0)} agree at level ${String(level)}`;
}

export function describeShadows({ shadows }: { readonly shadows: readonly ShadowReport[] }): string {
  const rows = shadows.flatMap(({ surface, policyVersion, total }) =>
    total === null
      ? []
      : [
          [
            policyVersion,
            surface,
            String(total.decisions),
            percent(total.agreement),
            percent(total.overlap),
            `${percent(total.actionRate.candidate)} (served ${percent(total.actionRate.served)})`,
            Object.entries(total.responses)
              .map(
                ([name, r]) =>
                  `${name} ${r.candidate === null ? '?' : short(r.candidate)} (${short(r.served)})`,
              )
              .join(', '),
            `${total.meanMicroseconds.toFixed(0)} µs`,
          ],
        ],
  );
  if (rows.length === 0)
    return 'nothing scored yet: point an alias named shadow (or shadow-…) at a version, and wait for traffic';
  const header = ['version', 'surface', 'decisions', 'agreement', 'overlap', 'acts', 'responses', 'latency'];
  return table(header, rows);
}
