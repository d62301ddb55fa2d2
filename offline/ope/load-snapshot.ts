import type { EvaluationPolicy } from '../../src/core/ope/bandit-log.ts';
import type { Grouping } from '../../src/core/ope/by-group.ts';
import { AllotError } from '../../src/core/errors.ts';
import { compilePolicy } from '../../src/core/policy/policy.ts';
import type { Surface } from '../../src/core/surface/surface.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { loadDataset } from '../dataset/load.ts';
import { completeRows } from '../evaluation/completeness.ts';
import type { VersionedPolicy } from '../evaluation/evaluate-policy.ts';
import { fitValueTables } from '../evaluation/fitted-q-tables.ts';
import { fitRewardModels } from '../evaluation/reward-models.ts';
import { groupingsOf, labelOf } from '../evaluation/groupings.ts';
import { selectRows } from '../evaluation/select-rows.ts';
import { servedPolicy } from '../evaluation/served-policy.ts';
import { toBanditLog } from '../evaluation/to-bandit-log.ts';
import { untouchedRows } from '../evaluation/untouched-rows.ts';
import { numberOf } from './number-labels.ts';
import type { LoadedLog } from './loaded-log.ts';
import type { SessionRows } from '../tabular/bandit-log-file.ts';

export interface SnapshotRequest {
  readonly directory: string;
  readonly policy: VersionedPolicy;
  /** null: no comparison, `behavior`: with the policies that produced the log. */
  readonly against: VersionedPolicy | 'behavior' | null;
  /** Only rows that these versions served; empty: all but the evaluated one's. */
  readonly behaviorVersions: readonly string[];
  /** Only these responses; empty: all. */
  readonly rewards: readonly string[];
  /** Whether sessions are asked about, so that Q(s, a) is fitted. */
  readonly needsSessions: boolean;
  readonly discount: number;
  /** A feature whose value is the state. */
  readonly state?: string;
  /** Features; the one of the surface's groups is divided as there. */
  readonly groups: readonly string[];
  readonly segments: readonly string[];
}

/**
 * Complete rows of a snapshot that the policy's training never saw, with π^served of the artifact on every one of them and
 * models fitted across units: everything that a file would have to bring along as columns.
 */
export async function loadSnapshot(request: SnapshotRequest): Promise<LoadedLog> {
  const { directory, policy, against, needsSessions } = request;
  const rows = judgedRows(await loadDataset(directory), request);
  const { surface, contentHash } = rows.manifest;
  const served = servedOn(policy, rows);
  const opponent = against === null || against === 'behavior' ? null : servedOn(against, rows);
  const log = { ...toBanditLog(rows), responses: chosen(rows.responses, request.rewards) };
  const { labels: names, index } = numberOf(rows.policyVersions);
  const groupings = [...request.groups, ...request.segments].map((name) => groupingOf(rows, surface, name));
  return {
    log: { ...log, ...(names.length > 1 ? { behaviorVersions: { names, index } } : {}) },
    policy: served,
    opponent,
    opponentName: against === null ? null : against === 'behavior' ? 'behavior' : against.version,
    rewardModels: chosen(fitRewardModels(rows), request.rewards),
    mrdrModels: new Map(),
    sessions: needsSessions ? sessionsOf(rows, request.state) : null,
    valueTables: needsSessions ? fitValueTables(rows, served.probabilities, request.discount) : new Map(),
    opponentTables:
      needsSessions && opponent !== null
        ? fitValueTables(rows, opponent.probabilities, request.discount)
        : new Map(),
    groupings,
    groupNames: new Set(request.groups),
    declared: declaredBy(surface),
    locate: (row) => `decision ${rows.decisionIds[row]}`,
    source: {
      kind: 'snapshot',
      name: directory,
      sha256: contentHash,
      hasUnits: true,
      policy: policy.version,
      artifactSha256: policy.hash,
      behaviorVersions: names,
    },
  };
}

function judgedRows(dataset: Dataset, { policy, behaviorVersions }: SnapshotRequest): Dataset {
  const isUntouched = untouchedRows(dataset, policy.artifact);
  const isBehavior = (row: number): boolean =>
    behaviorVersions.length === 0
      ? dataset.policyVersions[row] !== policy.version
      : behaviorVersions.includes(dataset.policyVersions[row]);
  return completeRows(selectRows(dataset, (row) => isBehavior(row) && isUntouched(row)));
}

function servedOn({ artifact }: VersionedPolicy, rows: Dataset): EvaluationPolicy {
  const { surface } = rows.manifest;
  const { probabilities } = servedPolicy(compilePolicy(artifact, surface), surface, rows);
  return { kind: 'distribution', actionCount: surface.actions.length, probabilities };
}

/** With a floor ε every feasible one of K actions has at least ε/K, so no weight is above K/ε. */
function declaredBy({ responses, explorationFloor, actions }: Surface): LoadedLog['declared'] {
  return {
    rewardRanges: new Map(responses.map(({ name, min, max }) => [name, { min, max }])),
    ...(explorationFloor > 0 ? { maxWeight: actions.length / explorationFloor } : {}),
  };
}

function chosen<T>(all: ReadonlyMap<string, T>, names: readonly string[]): ReadonlyMap<string, T> {
  if (names.length === 0) return all;
  return new Map(
    names.flatMap((name) => {
      const found = all.get(name);
      return found === undefined ? [] : [[name, found] as const];
    }),
  );
}

/** Runs of rows that follow one another; a run is cut where its next row is not in the data. */
function sessionsOf(rows: Dataset, state: string | undefined): SessionRows {
  const sessions = new Int32Array(rows.rows);
  const steps = new Float64Array(rows.rows);
  for (let row = 0; row < rows.rows; row++) {
    const follows = row > 0 && rows.nextRow[row - 1] === row;
    sessions[row] = follows ? sessions[row - 1] : row;
    steps[row] = follows ? steps[row - 1] + 1 : 0;
  }
  return {
    sessions,
    steps,
    terminals: Float64Array.from(rows.truncated, (flag) => 1 - flag),
    ...(state === undefined
      ? {}
      : { states: numberOf(featureTexts(rows, rows.manifest.surface, state)).index }),
  };
}

/** The surface's own groups where the feature is theirs; the labels of a categorical or boolean feature otherwise. */
function groupingOf(rows: Dataset, surface: Surface, name: string): Grouping {
  if (surface.groups?.feature === name) return { name, index: rows.groups, labels: surface.groups.names };
  const [segment] = groupingsOf(rows, surface, [name]).slice(-1);
  return segment;
}

function featureTexts(rows: Dataset, surface: Surface, name: string): string[] {
  const feature = surface.features.find((f) => f.name === name);
  if (feature === undefined || feature.type === 'vector') {
    const names = surface.features.filter(({ type }) => type !== 'vector').map((f) => f.name);
    throw new AllotError(
      'invalid_request',
      `${name} is not a feature with labels; there are ${names.join(', ')}`,
    );
  }
  // A default that was filled in says that nobody knew.
  return rows.features.map((values, row) =>
    rows.defaulted[row].includes(name) ? 'unknown' : labelOf(values[name]),
  );
}
