import { encodeArtifact } from '../../src/core/policy/codec.ts';
import { fixedPolicyArtifact } from '../../src/core/policy/policy.ts';
import type { AllotClient } from '../../src/client/client.ts';

/** Declares a small `live-feed` surface and serves it with an exploring champion: none or live, evenly. */
export async function declareLiveFeed(client: AllotClient): Promise<{ readonly champion: string }> {
  const surface = await client.declareSurface('live-feed', {
    actions: ['none', 'live'],
    features: [{ name: 'hour', type: 'numeric', min: 0, max: 23 }],
    responses: [{ name: 'watch', role: 'main', max: 100, windowSeconds: 60 }],
  });
  const bytes = encodeArtifact(fixedPolicyArtifact(surface, [0.5, 0.5]));
  const { version } = await client.publishPolicy(bytes);
  await client.setAlias('live-feed', 'champion', version);
  return { champion: version };
}
