import type { Experiment } from '../../src/core/experiment/experiment.ts';
import type { Surface } from '../../src/core/surface/surface.ts';
import { unheldLimits } from '../../src/core/surface/unheld-limits.ts';
import type { Forecast, RunKind, RunSummary } from '../../src/service/ports/runs.ts';
import type { PolicyVersion } from '../../src/service/ports/stores.ts';
import type { Principal } from '../../src/service/registry/principal.ts';
import type { SurfaceView } from '../../src/service/registry/surfaces.ts';
import type { HealthReport } from '../../src/service/serving/health.ts';
import type { ApiServices } from '../services.ts';
import { holds, isBad, lastChangeOf, type StoredLook } from './experiment.ts';
import { markup, page, table, timeOf, type Html } from './html.ts';

const runKinds: readonly { readonly kind: RunKind; readonly base: string }[] = [
  { kind: 'training', base: '/v1/training-runs' },
  { kind: 'evaluation', base: '/v1/evaluation-runs' },
  { kind: 'promotion', base: '/v1/promotions' },
];

/** Shown of each kind; the lists of the API give all of them, in pages. */
const NEWEST_RUNS = 50;

/** Surfaces, policies and aliases, experiments, forecasts and runs of the visitor's tenant, on one plain page. */
export async function overviewPage(services: ApiServices, principal: Principal): Promise<string> {
  const surfaces = await services.surfaces.list(principal);
  const policies = await services.policies.list(principal);
  const experiments = await judged(services, principal);
  const forecasts = await services.evidence.forecasts(principal);
  const counts = await services.decisions.counts(principal);
  const runs = await Promise.all(
    runKinds.map(async ({ kind, base }) => {
      const page = await services.runs.list(kind, principal, undefined, { limit: NEWEST_RUNS });
      return { base, runs: page.runs };
    }),
  );
  return page(
    'Allot',
    markup`<h1>Allot</h1><nav><a href="/docs">API</a><a href="/openapi.json">openapi.json</a></nav>
${healthLine(services.health.ready())}
<p>${counts.decisions} decisions, ${counts.exposures} exposures, ${counts.interactions} interactions stored;
${counts.orphans} waiting for their decision.</p>
<h2>Surfaces</h2>${surfaceTable(surfaces)}
<h2>Policies</h2>${policyTable(policies, surfaces)}
<h2>Experiments</h2>${experimentTable(experiments)}
<h2>Forecast and outcome</h2>${forecastTable(forecasts)}
<h2>Runs</h2><p>The ${NEWEST_RUNS} newest of each kind.</p>${runTable(runs.flatMap(({ base, runs: list }) => list.map((run) => ({ base, run }))))}`,
  );
}

export const loginPage = (isRefused: boolean): string =>
  page(
    'Allot',
    markup`<h1>Allot</h1>${isRefused ? markup`<p class="bad">This key is not valid here.</p>` : ''}
<form method="post" action="/login"><p><label>API key<br><input name="key" type="password" autocomplete="off" required>
</label></p><p><button>Look</button></p></form>
<p>Any key opens the pages but a decider's. On the machine that runs Allot,
<code>allot keys create --role reader</code> makes one that can only look.</p>`,
  );

function healthLine({ isReady, reasons }: HealthReport): Html {
  return isReady
    ? markup`<p class="good">Ready: decisions are made by a fresh state and recorded.</p>`
    : markup`<p class="bad">Not ready: ${reasons.join('; ')}.</p>`;
}

const surfaceTable = (surfaces: readonly SurfaceView[]): Html =>
  table(
    ['name', 'schema', 'actions', 'limits', 'pacing', 'floor', 'aliases', 'kill switch'],
    surfaces.map(({ surface, aliases, isKilled }) => [
      markup`<code>${surface.name}</code>`,
      surface.schemaVersion,
      surface.actions.length > 8 ? `${String(surface.actions.length)} actions` : surface.actions.join(', '),
      limitsOf(surface),
      pacingOf(surface),
      surface.explorationFloor,
      Object.entries(aliases)
        .map(([alias, version]) => `${alias} → ${version}`)
        .join(', '),
      isKilled ? markup`<span class="bad">on</span>` : 'off',
    ]),
  );

/** `live-share: share of actions at most 0.12`, and what an auxiliary response may lose; one that nothing holds says so. */
function limitsOf({ constraints, gate }: Surface): Html {
  const lines = [
    ...constraints.map(({ name, on, direction, threshold }) => {
      const what = on === 'share-of-actions' ? 'share of actions' : on.response;
      return `${name}: ${what} ${direction === 'at-most' ? 'at most' : 'at least'} ${String(threshold)}`;
    }),
    ...Object.entries(gate.auxiliaryMargins).map(
      ([name, margin]) => `${name}: may lose less than ${String(margin)}`,
    ),
  ];
  return lines.length === 0
    ? markup`none`
    : markup`${lines.map((line, i) => markup`${i > 0 ? BREAK : ''}${line}`)}`;
}

function pacingOf(surface: Surface): Html {
  const { pacing } = surface;
  const isUnheld = unheldLimits(surface).length > 0;
  const aim = pacing === null ? 'none' : `share kept at ${String(pacing.targetShare)}`;
  return isUnheld
    ? markup`<span class="bad">${aim}: the share limit is not held by serving</span>`
    : markup`${aim}`;
}

const BREAK: Html = { html: '<br>' };

function policyTable(policies: readonly PolicyVersion[], surfaces: readonly SurfaceView[]): Html {
  const aliasesOf = (version: string): string =>
    surfaces
      .flatMap(({ aliases }) => Object.entries(aliases))
      .filter(([, target]) => target === version)
      .map(([alias]) => alias)
      .join(', ');
  return table(
    ['version', 'algorithm', 'alias', 'artifact', 'created'],
    policies.map(({ version, algorithm, artifactHash, createdAt }) => [
      markup`<code>${version}</code>`,
      algorithm,
      aliasesOf(version),
      artifactHash === null ? 'external' : markup`<code>${artifactHash.slice(0, 12)}</code>`,
      timeOf(createdAt),
    ]),
  );
}

interface Judged {
  readonly experiment: Experiment;
  /** Of what runs: whether it is held is said by its looks alone. */
  readonly newest: StoredLook | undefined;
}

async function judged({ experiments }: ApiServices, principal: Principal): Promise<readonly Judged[]> {
  const all = await experiments.list(principal);
  return await Promise.all(
    all.map(async (experiment): Promise<Judged> => {
      if (experiment.state !== 'running') return { experiment, newest: undefined };
      const { looks } = await experiments.looks(experiment.id, principal, { limit: 1 });
      return { experiment, newest: looks.at(0) };
    }),
  );
}

function stateOf({ experiment, newest }: Judged): Html {
  const state = holds(experiment, newest) ? `running, held: ${newest?.actionReason ?? ''}` : experiment.state;
  return markup`<span class="${isBad(experiment, newest) ? 'bad' : ''}">${state}</span>`;
}

const experimentTable = (experiments: readonly Judged[]): Html =>
  table(
    ['name', 'surface', 'state', 'variants', 'traffic', 'last change'],
    experiments.map(({ experiment, newest }) => [
      markup`<a href="/experiments/${encodeURIComponent(experiment.id)}">${experiment.name}</a>`,
      experiment.surface,
      stateOf({ experiment, newest }),
      experiment.variants.map((v) => `${v.name} (${v.role}): ${v.policyVersion}`).join(', '),
      `${String(experiment.blocks.reduce((sum, block) => sum + block.toBucket - block.fromBucket, 0) / 100)} %`,
      experiment.lastChange === undefined ? '' : lastChangeOf(experiment.lastChange),
    ]),
  );

const intervalOf = (i: { value: number; lower: number; upper: number }): string =>
  `${i.value.toPrecision(4)} [${i.lower.toPrecision(4)}, ${i.upper.toPrecision(4)}]`;

const forecastTable = (forecasts: readonly Forecast[]): Html =>
  table(
    ['version', 'response', 'estimand', 'offline forecast', 'online result'],
    forecasts.map(({ policyVersion, response, estimand, offline, online }) => [
      markup`<code>${policyVersion}</code>`,
      response,
      estimand,
      intervalOf(offline),
      online === null ? 'not yet' : intervalOf(online),
    ]),
  );

const runTable = (runs: readonly { readonly base: string; readonly run: RunSummary }[]): Html =>
  table(
    ['kind', 'surface', 'state', 'outcome', 'created', 'report'],
    runs.map(({ base, run }) => [
      run.kind,
      run.surface,
      run.error === null ? run.state : `${run.state}: ${run.error}`,
      outcomeOf(run),
      timeOf(run.createdAt),
      run.hasReport ? markup`<a href="${base}/${run.id}/report">report</a>` : '',
    ]),
  );

/** Which version the run was about, and what the gate said of it. */
function outcomeOf({ result }: RunSummary): string {
  const { policyVersion, verdict, gate } = (result ?? {}) as {
    readonly policyVersion?: string;
    readonly verdict?: string;
    readonly gate?: { readonly verdict: string };
  };
  return [policyVersion, verdict ?? gate?.verdict].filter((part) => part !== undefined).join(': ');
}
