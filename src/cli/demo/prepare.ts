import { createClient, type AllotClient } from '../../client/client.ts';
import { encodeArtifact } from '../../core/policy/codec.ts';
import { fixedPolicyArtifact } from '../../core/policy/policy.ts';
import type { Surface } from '../../core/surface/surface.ts';
import type { SurfaceDeclaration } from '../../service/schemas/surface.ts';
import { createKey } from '../../service/registry/api-keys.ts';
import type { RunningAllot } from '../local/start-allot.ts';
import { TENANT } from './context.ts';

/** A key for the demo, made the way `allot keys create` makes one. */
export async function demoClient(
  allot: RunningAllot,
): Promise<{ readonly client: AllotClient; readonly key: string }> {
  const { key, record } = createKey({ tenant: TENANT, role: 'admin' });
  await allot.stores.keys.add(record);
  await allot.refresh();
  return { client: createClient({ url: allot.url, key, timeoutMs: 60_000 }), key };
}

/** Declares the surface and lets a policy that explores evenly answer on it; resolves with that policy's version. */
export async function prepareSurface(client: AllotClient, surface: Surface): Promise<string> {
  // Through JSON, as it travels: the declaration's type is mutable.
  const declaration = JSON.parse(JSON.stringify(surface)) as SurfaceDeclaration;
  await client.declareSurface(surface.name, declaration);
  const even = surface.actions.map(() => 1 / surface.actions.length);
  const { version } = await client.publishPolicy(encodeArtifact(fixedPolicyArtifact(surface, even)));
  await client.setAlias(surface.name, 'champion', version, 'demo: explore evenly');
  return version;
}
