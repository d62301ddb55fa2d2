import { holdsUnits, type Experiment } from '../../core/experiment/experiment.ts';
import { surfaceDrawKey } from '../../core/policy/draw.ts';
import type { Policy } from '../../core/policy/policy.ts';
import { compileFeatures, type FeatureReader } from '../../core/surface/features.ts';
import type { CapSpec, Surface } from '../../core/surface/surface.ts';
import type { SurfaceControl } from '../ports/control.ts';
import { compileEventText, type EventText } from './event-text.ts';
import type { PolicyLoader } from './policy-loader.ts';

export const CHAMPION = 'champion';

export interface LoadedPolicy {
  readonly version: string;
  readonly policy: Policy;
}

/** A champion that was loaded, and the artifact it can be loaded from again. */
export interface GoodChampion {
  readonly champion: LoadedPolicy;
  readonly hash: string;
}

export interface CompileContext {
  readonly loader: PolicyLoader;
  readonly drawKey: Uint8Array;
  readonly source: 'store' | 'disk';
  /** Killed on this process alone: `surface` or `tenant/surface`. */
  readonly killedHere?: ReadonlySet<string>;
}

/** One surface, compiled: all that a decision on it needs. Immutable but for the scratch arrays. */
export interface ServedSurface {
  readonly tenant: string;
  readonly surface: Surface;
  readonly isKilled: boolean;
  readonly actionIndex: ReadonlyMap<string, number>;
  /** −1 where the surface only holds an imported log. */
  readonly nullIndex: number;
  /** One true per action: what a request that names none allows. */
  readonly allEligible: readonly boolean[];
  /** Caps whose unit is counted by this process. */
  readonly countedCaps: readonly CapSpec[];
  readonly features: FeatureReader;
  readonly textOf: EventText;
  /** Derived once: deriving it costs more than a draw. */
  readonly drawKey: Uint8Array;
  readonly experiments: readonly Experiment[];
  readonly policies: ReadonlyMap<string, LoadedPolicy>;
  /** Where the champion alias points; null when there is no such alias or its artifact was refused. */
  readonly champion: LoadedPolicy | null;
  /** The champion that served last; it steps in when the present one cannot be loaded. */
  readonly lastGoodChampion: LoadedPolicy | null;
  /** From the copy on the disk, because the database has not answered since this process started. */
  readonly isFromDisk: boolean;
  /** Overwritten by every decision; safe because the decide path never awaits. */
  readonly scratch: { readonly policy: Float64Array; readonly served: Float64Array };
}

export interface CompiledSurface {
  readonly served: ServedSurface;
  /** Hash of the artifact behind `champion` or `lastGoodChampion`, for the copy on the disk. */
  readonly championHash: string | null;
  readonly isComplete: boolean;
}

/** Compiles a surface; policies that are missing, damaged or foreign are left out, and the last champion is kept. */
export function compileServedSurface(
  control: SurfaceControl,
  { loader, drawKey, source, killedHere }: CompileContext,
  previous: GoodChampion | null,
): CompiledSurface {
  const { surface, tenant } = control;
  const isBroken =
    killedHere?.has(surface.name) === true || killedHere?.has(`${tenant}/${surface.name}`) === true;
  const { policies, hashes, isComplete } = loadPolicies(control, loader);
  const championVersion = control.aliases[CHAMPION];
  const champion = championVersion === undefined ? null : (policies.get(championVersion) ?? null);
  const lastGoodChampion = champion ?? reloadPrevious(previous, loader, control);
  const actionCount = surface.actions.length;
  const served: ServedSurface = {
    tenant,
    surface,
    isKilled: control.isKilled || isBroken,
    actionIndex: new Map(surface.actions.map((action, index) => [action, index])),
    nullIndex: surface.nullAction === null ? -1 : surface.actions.indexOf(surface.nullAction),
    allEligible: surface.actions.map(() => true),
    countedCaps: surface.caps.filter(({ rule }) => rule.kind === 'unit-window'),
    features: compileFeatures(surface),
    textOf: compileEventText({ tenant, surface }),
    drawKey: surfaceDrawKey(drawKey, tenant, surface.name),
    experiments: control.experiments.filter(holdsUnits),
    policies,
    champion,
    lastGoodChampion,
    isFromDisk: source === 'disk',
    scratch: { policy: new Float64Array(actionCount), served: new Float64Array(actionCount) },
  };
  const keptHash = lastGoodChampion === null ? null : (previous?.hash ?? null);
  const championHash = champion === null ? keptHash : (hashes.get(champion.version) ?? null);
  return { served, championHash, isComplete };
}

function loadPolicies(control: SurfaceControl, loader: PolicyLoader) {
  const policies = new Map<string, LoadedPolicy>();
  const hashes = new Map<string, string>();
  let isComplete = true;
  for (const { version, artifactHash } of control.policies) {
    if (artifactHash === null) continue;
    const policy = loader.policy(artifactHash, control);
    if (policy === null) isComplete = false;
    else {
      policies.set(version, { version, policy });
      hashes.set(version, artifactHash);
    }
  }
  return { policies, hashes, isComplete };
}

/** The last champion may be for an older schema of the surface: then its artifact no longer fits and is not used. */
function reloadPrevious(
  previous: GoodChampion | null,
  loader: PolicyLoader,
  control: SurfaceControl,
): LoadedPolicy | null {
  if (previous === null) return null;
  const policy = loader.policy(previous.hash, control);
  return policy === null ? null : { version: previous.champion.version, policy };
}
