import { deriveKey, hashToUniform, sipHashOfParts } from '../math/siphash.ts';

export interface DrawInput {
  readonly tenant: string;
  readonly surface: string;
  readonly unitId: string;
  readonly requestId: string;
  /** Which of several draws of one request; 0 for the action itself. */
  readonly slot: number;
}

/**
 * u ∈ [0, 1), the number that picks the action: SipHash-2-4 over the length-prefixed tenant, surface, unit, request and
 * slot, under a key of the surface that is derived from the draw key. The same request draws the same number on every
 * replica; without the key nobody can predict it or choose a request id that gets a wanted action.
 */
export function drawUniform(drawKey: Uint8Array, input: DrawInput): number {
  return drawWith(surfaceDrawKey(drawKey, input.tenant, input.surface), input);
}

/** The key of one surface, to be derived once where many draws follow. */
export function surfaceDrawKey(drawKey: Uint8Array, tenant: string, surface: string): Uint8Array {
  return deriveKey(drawKey, `allot/draw/v1/${tenant.length}:${tenant}/${surface}`);
}

export function drawWith(surfaceKey: Uint8Array, input: DrawInput): number {
  const { tenant, surface, unitId, requestId, slot } = input;
  return hashToUniform(sipHashOfParts(surfaceKey, [tenant, surface, unitId, requestId, String(slot)]));
}
