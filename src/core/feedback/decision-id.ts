import { AllotError } from '../errors.ts';
import { deriveKey, hashBytes, sipHash24, sipHashOfParts } from '../math/siphash.ts';
import { decodeCrockford, encodeCrockford, isCrockford, leadingNumber } from './crockford.ts';

/**
 * A decision id is 31 bytes in 50 characters of lower-case Crockford base32, so any process with the key can tell,
 * without a database, whether an id is ours, whose, and of which day:
 *
 *     bytes 0–5   decision time, ms since the epoch, big endian (ids sort by time)
 *     byte  6     bits 7–6: format (1); bits 5–0: key id
 *     bytes 7–10  tenant tag      bytes 11–14  surface tag     (keyed, 32 bits each)
 *     bytes 15–22 random          bytes 23–30  SipHash-2-4 over bytes 0–22 (keyed)
 *
 * Tags are checks, not identities: two tenants share one with probability 2⁻³², so a stored row is compared too.
 */
export const DECISION_ID_LENGTH = 50;

const BYTES = 31;
/** Enough for 48 bits, and exact in a double. */
const TIME_CHARACTERS = 10;
const TENANT_AT = 7;
const SURFACE_AT = 11;
const RANDOM_AT = 15;
const MAC_AT = 23;
const FORMAT_BITS = 1 << 6;
const LAST_TIME = 2 ** 48 - 1;

export interface DecisionIdKey {
  /** 0 … 63 */
  readonly id: number;
  /** 16 bytes, secret */
  readonly key: Uint8Array;
}

export interface ParsedDecisionId {
  readonly timeMs: number;
  readonly tenantTag: number;
  readonly surfaceTag: number;
  /** Which key made it: tags are keyed as well. */
  readonly keyId: number;
}

export interface DecisionIds {
  mint(parts: {
    readonly timeMs: number;
    readonly tenant: string;
    readonly surface: string;
    /** 8 bytes */
    readonly random: Uint8Array;
  }): string;
  /** Throws `decision_id_invalid` unless this text, character by character, was minted under one of the keys. */
  read(id: string): ParsedDecisionId;
  belongsTo(parsed: ParsedDecisionId, tenant: string): boolean;
  isSurface(parsed: ParsedDecisionId, surface: string): boolean;
  /** `YYYY-MM-DD`, UTC. Does not check the MAC. */
  dayOf(id: string): string;
}

/**
 * @param keys the first one mints, all are accepted, so a key is rotated by putting a new one in front. How far an id's
 *   time may lie from the clock is the caller's matter.
 */
export function createDecisionIds(keys: readonly DecisionIdKey[]): DecisionIds {
  const byId = new Map(keys.map((k) => [k.id, deriveKeys(k)]));
  const minting = keys.length > 0 ? byId.get(keys[0].id) : undefined;
  if (minting === undefined || byId.size !== keys.length) {
    throw new RangeError('decision id keys: at least one, with different ids');
  }
  const tagged = (parsed: ParsedDecisionId, kind: 'tenant' | 'surface', name: string): number => {
    const key = byId.get(parsed.keyId);
    return key === undefined ? -1 : tag(key, kind, name);
  };
  return {
    mint: (parts) => mint(minting, parts),
    read: (id) => read(byId, id),
    belongsTo: (parsed, tenant) => tagged(parsed, 'tenant', tenant) === parsed.tenantTag,
    isSurface: (parsed, surface) => tagged(parsed, 'surface', surface) === parsed.surfaceTag,
    dayOf: dayOfDecisionId,
  };
}

/** The partition day of an id, `YYYY-MM-DD` in UTC, from its time alone; needs no key and proves nothing. */
export function dayOfDecisionId(id: string): string {
  const day = Math.floor(timeOfDecisionId(id) / DAY_MS);
  // Ids come by the thousand of the same day.
  if (day !== lastDay.number) {
    lastDay.text = new Date(day * DAY_MS).toISOString().slice(0, 10);
    lastDay.number = day;
  }
  return lastDay.text;
}

const DAY_MS = 86_400_000;
const lastDay = { number: -1, text: '' };

/** Decision time of an id in ms since the epoch; needs no key and proves nothing. */
export function timeOfDecisionId(id: string): number {
  if (typeof id !== 'string' || !isCrockford(id, BYTES)) throw invalid(id);
  return Math.floor(leadingNumber(id, TIME_CHARACTERS) / 2 ** (TIME_CHARACTERS * 5 - 48));
}

interface DerivedKeys {
  readonly id: number;
  readonly tags: Uint8Array;
  readonly mac: Uint8Array;
  /** Tags of declared names, which are few and come with every id. */
  readonly tagOf: { readonly tenant: Map<string, number>; readonly surface: Map<string, number> };
  /** Laid out anew by every `mint`. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

const MAX_CACHED_TAGS = 10_000;

function deriveKeys({ id, key }: DecisionIdKey): DerivedKeys {
  if (!(Number.isInteger(id) && id >= 0 && id < 64)) throw new RangeError('a decision id key id is 0 … 63');
  const bytes = new Uint8Array(BYTES);
  return {
    id,
    tagOf: { tenant: new Map(), surface: new Map() },
    bytes,
    view: new DataView(bytes.buffer),
    tags: deriveKey(key, 'allot/decision-id/tag/v1'),
    mac: deriveKey(key, 'allot/decision-id/mac/v1'),
  };
}

function tag(keys: DerivedKeys, kind: 'tenant' | 'surface', name: string): number {
  const cache = keys.tagOf[kind];
  let known = cache.get(name);
  if (known === undefined) {
    known = sipHashOfParts(keys.tags, [kind, name]).low;
    if (cache.size >= MAX_CACHED_TAGS) cache.clear();
    cache.set(name, known);
  }
  return known;
}

function mint(keys: DerivedKeys, parts: Parameters<DecisionIds['mint']>[0]): string {
  const { timeMs, random } = parts;
  if (!(Number.isInteger(timeMs) && timeMs >= 0 && timeMs <= LAST_TIME)) {
    throw new RangeError('a decision time is a whole number of ms in [0, 2⁴⁸)');
  }
  if (random.length !== MAC_AT - RANDOM_AT) throw new RangeError('a decision id takes 8 random bytes');
  const { bytes, view } = keys;
  view.setUint16(0, Math.floor(timeMs / 2 ** 32));
  view.setUint32(2, timeMs % 2 ** 32);
  bytes[6] = FORMAT_BITS | keys.id;
  view.setUint32(TENANT_AT, tag(keys, 'tenant', parts.tenant));
  view.setUint32(SURFACE_AT, tag(keys, 'surface', parts.surface));
  bytes.set(random, RANDOM_AT);
  const mac = sipHash24(keys.mac, bytes, MAC_AT);
  view.setUint32(MAC_AT, mac.low, true);
  view.setUint32(MAC_AT + 4, mac.high, true);
  return encodeCrockford(bytes);
}

function read(byId: ReadonlyMap<number, DerivedKeys>, id: string): ParsedDecisionId {
  const bytes = bytesOf(id);
  const keys = byId.get(bytes[6] & 63);
  if (bytes[6] >>> 6 !== FORMAT_BITS >>> 6 || keys === undefined) throw invalid(id);
  const mac = hashBytes(sipHash24(keys.mac, bytes.subarray(0, MAC_AT)));
  let difference = 0; // without an early exit: timing tells nothing about how many bytes were right
  for (let i = 0; i < mac.length; i++) difference |= mac[i] ^ bytes[MAC_AT + i];
  if (difference !== 0) throw invalid(id);
  const view = new DataView(bytes.buffer);
  return {
    timeMs: timeOf(bytes),
    tenantTag: view.getUint32(TENANT_AT),
    surfaceTag: view.getUint32(SURFACE_AT),
    keyId: keys.id,
  };
}

function bytesOf(id: string): Uint8Array {
  const bytes = typeof id === 'string' ? decodeCrockford(id, BYTES) : undefined;
  if (bytes === undefined) throw invalid(id);
  return bytes;
}

function timeOf(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer);
  return view.getUint16(0) * 2 ** 32 + view.getUint32(2);
}

function invalid(id: unknown): AllotError {
  const value = typeof id === 'string' ? id.slice(0, 64) : typeof id;
  return new AllotError('decision_id_invalid', 'decisionId: this id was not issued by this service', {
    violations: [{ field: 'decisionId', rule: 'issued by this service', value }],
  });
}
