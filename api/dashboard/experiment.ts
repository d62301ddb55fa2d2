import { openedShare, type Experiment } from '../../src/core/experiment/experiment.ts';
import type { MetricRule } from '../../src/core/experiment/metric-state.ts';
import { planOf, type ExperimentPlan } from '../../src/core/experiment/plan.ts';
import { DEFAULT_METHOD } from '../../src/core/experiment/test-methods.ts';
import type { ExperimentLook } from '../../src/service/experiment-analysis/experiment-analysis.ts';
import type { Principal } from '../../src/service/registry/principal.ts';
import type { ApiServices } from '../services.ts';
import { markup, page, table, timeOf, type Html } from './html.ts';

/** As it was stored: older looks have fewer fields. */
export type StoredLook = Partial<ExperimentLook> & {
  readonly action?: string;
  readonly actionReason?: string;
};

/** Looks shown; `/v1/experiments/{id}/looks` gives all of them, in pages. */
const NEWEST = 100;

/** One experiment for whoever answers for it: its state and why, the verdict, metrics, health, the ramp, the newest looks. */
export async function experimentPage(
  services: ApiServices,
  principal: Principal,
  id: string,
): Promise<string> {
  const experiment = await services.experiments.find(id, principal);
  const { stored, ...found } = await services.experiments.looks(id, principal, { limit: NEWEST });
  const looks: readonly StoredLook[] = found.looks;
  const { surface } = await services.surfaces.find(experiment.surface, principal);
  const plan = planOf(experiment, surface);
  const newest = looks.at(-1);
  const path = `/v1/experiments/${encodeURIComponent(id)}`;
  return page(
    `${experiment.name} · Allot`,
    markup`<h1>${experiment.name}</h1>
<nav><a href="/">Overview: all experiments</a><a href="${path}/results">results now (JSON)</a></nav>
${stateLine(experiment, newest)}${verdictLine(experiment, newest)}
<h2>Metrics</h2>${methodLine(experiment)}${newest === undefined ? plannedMetrics(plan) : metricTable(newest)}
<h2>Health</h2>${healthTable(newest)}
<h2>Variants</h2>${variantTable(experiment, newest)}
<h2>Ramp</h2>${rampTable(experiment, plan)}
<h2>Looks</h2><p>${looks.length} newest of ${stored}.</p>${lookTable(looks)}`,
  );
}

const inWords: Readonly<Record<Experiment['state'], string>> = {
  draft: 'A draft: every unit is on the champion.',
  running: 'Running.',
  paused: 'Paused: every unit is on the champion until it is started again.',
  decided: 'Decided: everybody stays on their side until somebody promotes the treatment or stops it.',
  stopped: 'Stopped: every unit is on the champion.',
  'rolled-back': 'Rolled back: every unit is on the champion.',
};

const HELD = 'Running, and held: it is not healthy, so nothing is widened and no verdict is given.';

function stateLine(experiment: Experiment, newest: StoredLook | undefined): Html {
  const { state, surface, lastChange, blocks } = experiment;
  const isHeld = holds(experiment, newest);
  return markup`<p class="${isBad(experiment, newest) ? 'bad' : ''}"><strong>${isHeld ? HELD : inWords[state]}</strong></p>
<p>${lastChange === undefined ? '' : `Last change: ${lastChangeOf(lastChange)}.`}
Surface ${surface}; opened to ${percent(openedShare({ blocks }))} of the units.</p>`;
}

/** The newest look found it not healthy: it runs, and nothing more. */
export const holds = ({ state }: Experiment, newest: StoredLook | undefined): boolean =>
  state === 'running' && newest?.action === 'hold';

export const isBad = (experiment: Experiment, newest: StoredLook | undefined): boolean =>
  holds(experiment, newest) || experiment.state === 'rolled-back' || experiment.state === 'paused';

/** `rolled-back on 2026-11-24 12:00:00 UTC by the controller: …` */
export function lastChangeOf({ state, at, by, reason }: NonNullable<Experiment['lastChange']>): string {
  const who = by === 'controller' ? 'the controller' : by;
  return `${state} on ${timeOf(at)} UTC by ${who}${reason === null ? '' : `: ${reason}`}`;
}

function verdictLine({ lastChange }: Experiment, look: StoredLook | undefined): Html {
  if (look === undefined) return markup`<p>Nobody has looked yet: there is no data, which is not a pass.</p>`;
  const tone =
    look.isBlocked === true || look.verdict === 'fail' ? 'bad' : look.verdict === 'pass' ? 'good' : '';
  const blocked = look.isBlocked === true ? ' (blocked: it is not healthy)' : '';
  const isSaid = look.action === undefined || lastChange?.reason === look.actionReason;
  const next = isSaid ? '' : ` Then: ${look.action ?? ''}, because ${look.actionReason ?? ''}.`;
  return markup`<p class="${tone}">Verdict at the newest look, ${timeOf(look.at ?? 0)} UTC:
<strong>${look.verdict ?? ''}</strong>${blocked}.${next}</p>`;
}

function methodLine({ plan, level }: Experiment): Html {
  if (plan === undefined) return markup``;
  const { method = DEFAULT_METHOD, estimand, tunedAtUnits } = plan;
  return markup`<p>Judged ${estimand}, by ${method} at level ${level}, tightest at ${tunedAtUnits} units.
It holds at every look, and is not changed once the experiment has started.</p>`;
}

const metricTable = (look: StoredLook | undefined): Html =>
  table(
    ['metric', 'role', 'state', 'control', 'treatment', 'treatment minus control', 'why'],
    (look?.byMetric ?? []).map(({ name, role, state, control, treatment, effect, reason }) => [
      name,
      role,
      toned(state, state === 'fail', state === 'pass'),
      control === null ? '' : short(control.value),
      treatment === null ? '' : short(treatment.value),
      effect === null ? '' : `${short(effect.value)} [${short(effect.lower)}, ${short(effect.upper)}]`,
      reason,
    ]),
  );

/** What it will be judged by, before anybody has looked. */
const plannedMetrics = ({ metrics }: ExperimentPlan): Html =>
  table(
    ['metric', 'role', 'rule', 'state'],
    metrics.map(({ name, role, rule }) => [name, role, ruleInWords(rule), 'no data yet']),
  );

function ruleInWords(rule: MetricRule): string {
  if (rule.kind === 'improve') return `must be shown to get better (${rule.better} is better)`;
  if (rule.kind === 'not-worse')
    return `must not be worse than control by ${short(rule.margin)} or more (${rule.better} is better)`;
  const bound = rule.direction === 'at-most' ? 'at most' : 'at least';
  return `the treatment's own mean must be ${bound} ${short(rule.threshold)}`;
}

const healthTable = (look: StoredLook | undefined): Html =>
  table(
    ['check', 'state', 'why'],
    (look?.health ?? []).map(({ name, state, reason }) => [
      name,
      toned(state, state === 'failing', state === 'ok'),
      reason,
    ]),
  );

const variantTable = ({ variants }: Experiment, look: StoredLook | undefined): Html =>
  table(
    ['variant', 'role', 'policy', 'units that came', 'units whose outcome is known'],
    variants.map(({ name, role, policyVersion, alias }) => [
      name,
      role,
      markup`<code>${policyVersion}</code>${alias === undefined ? '' : ` (${alias})`}`,
      look?.assignedUnits?.[name] ?? '',
      look?.units?.[name] ?? '',
    ]),
  );

function rampTable({ blocks }: Experiment, { ramp }: ExperimentPlan): Html {
  const opened = openedShare({ blocks });
  const still = (ramp?.steps ?? []).filter((step) => step.trafficShare > opened);
  return markup`${table(
    ['share of the units', 'opened', 'before the next one'],
    [
      ...blocks.map((block) => [percent(block.toBucket / 10_000), timeOf(block.openedAt), '']),
      ...still.map((step) => [
        percent(step.trafficShare),
        'not yet',
        `${String(step.minSeconds / 3600)} h and ${String(step.minUnits)} units whose outcome is known`,
      ]),
    ],
  )}${ramp === null ? markup`<p>No ramp is planned: a person widens it.</p>` : ''}`;
}

interface LookRun {
  /** The newest one. */
  readonly look: StoredLook;
  /** Older ones that said the same. */
  readonly more: number;
  readonly firstAt: number;
}

/** Looks that follow each other and say the same are one line; newest first. */
function runsOf(looks: readonly StoredLook[]): readonly LookRun[] {
  const runs: LookRun[] = [];
  for (const look of [...looks].reverse()) {
    const last = runs.at(-1);
    if (last !== undefined && saysTheSame(last.look, look))
      runs[runs.length - 1] = { ...last, more: last.more + 1, firstAt: look.at ?? 0 };
    else runs.push({ look, more: 0, firstAt: look.at ?? 0 });
  }
  return runs;
}

const saysTheSame = (a: StoredLook, b: StoredLook): boolean =>
  a.treatment === b.treatment &&
  a.verdict === b.verdict &&
  a.action === b.action &&
  a.actionReason === b.actionReason;

const lookTable = (looks: readonly StoredLook[]): Html =>
  table(
    ['at', 'treatment', 'verdict', 'action', 'why'],
    runsOf(looks).map(({ look, more, firstAt }) => [
      more === 0
        ? timeOf(look.at ?? 0)
        : `${timeOf(look.at ?? 0)}, and ${String(more)} more since ${timeOf(firstAt)}`,
      look.treatment ?? '',
      look.verdict ?? '',
      toned(look.action ?? 'by hand', ['hold', 'pause', 'roll-back'].includes(look.action ?? ''), false),
      look.actionReason ?? '',
    ]),
  );

const toned = (text: string, isWrong: boolean, isGood: boolean): Html =>
  markup`<span class="${isWrong ? 'bad' : isGood ? 'good' : ''}">${text}</span>`;

const percent = (share: number): string => `${String(Math.round(1000 * share) / 10)} %`;
const short = (x: number): string => String(Number(x.toPrecision(4)));
