import type { ArtifactSignature, ControlState, SurfaceControl } from '../ports/control.ts';
import { CHAMPION } from './served-surface.ts';
import { surfaceKey, type ServingSnapshot } from './serving-snapshot.ts';

/**
 * The state as the disk should keep it: where the present champion was refused, the champion that serves in its
 * place, so that a restart without a database comes up with a policy that works.
 */
export function lastGoodState(snapshot: ServingSnapshot, signatures: Signatures): ControlState {
  const { surfaces } = snapshot.state;
  return { ...snapshot.state, surfaces: surfaces.map((control) => healed(control, snapshot, signatures)) };
}

/** By artifact hash. */
type Signatures = ReadonlyMap<string, readonly ArtifactSignature[]>;

function healed(control: SurfaceControl, snapshot: ServingSnapshot, signatures: Signatures): SurfaceControl {
  const good = snapshot.champions.get(surfaceKey(control.tenant, control.surface.name));
  if (good === undefined || control.aliases[CHAMPION] === good.champion.version) return control;
  return {
    ...control,
    aliases: { ...control.aliases, [CHAMPION]: good.champion.version },
    policies: [
      ...control.policies.filter(({ version }) => version !== good.champion.version),
      {
        version: good.champion.version,
        artifactHash: good.hash,
        signatures: signatures.get(good.hash) ?? [],
      },
    ],
  };
}
