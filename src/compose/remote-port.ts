/** One call of a port whose methods answer nothing, on its way to another thread. */
export interface RemoteCall {
  readonly method: string;
  readonly args: readonly unknown[];
}

/** Looks like the port; every call of it is posted. `like`: an implementation, for the names of the methods. */
export function remotePort<Port extends object>(like: Port, post: (call: RemoteCall) => void): Port {
  const methods = Object.keys(like).map((method) => [
    method,
    (...args: unknown[]): void => post({ method, args: args.map((arg) => packed(arg)) }),
  ]);
  return Object.fromEntries(methods) as Port;
}

/** At the other end: makes the call. */
export function applyCall<Port extends object>(port: Port, { method, args }: RemoteCall): void {
  const call = (port as Record<string, ((...args: unknown[]) => void) | undefined>)[method];
  call?.apply(port, args.map(unpacked));
}

/** A structured clone forgets what an error is called and whatever else it says, and refuses functions. */
interface PackedError {
  /** Name, message, stack, cause, the parts of an aggregate and its own fields (codes, details), packed. */
  readonly packedError: Readonly<Record<string, unknown>>;
}

/** What an error has that does not show in `Object.entries`. */
const HIDDEN = ['name', 'message', 'stack', 'cause', 'errors'] as const;

/** Deeper is nothing that a person reads in a log. */
const MAX_DEPTH = 12;

/** @param around what it lies in: a circle is cut */
function packed(value: unknown, around: readonly object[] = []): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') return String(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (around.includes(value)) return '[circular]';
  if (around.length >= MAX_DEPTH) return '[…]';
  const pack = (inner: unknown): unknown => packed(inner, [...around, value]);
  if (Array.isArray(value)) return value.map(pack);
  if (!(value instanceof Error)) return mapped(value, pack);
  const all = value as unknown as Readonly<Record<string, unknown>>;
  const hidden = HIDDEN.filter((name) => name in value).map((name) => [name, all[name]]);
  const fields = { ...all, ...(Object.fromEntries(hidden) as object) };
  return { packedError: mapped(fields, pack) as PackedError['packedError'] } satisfies PackedError;
}

function unpacked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpacked);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (!('packedError' in value)) return mapped(value, unpacked);
  return Object.assign(new Error(), mapped((value as PackedError).packedError, unpacked));
}

const mapped = (value: object, map: (inner: unknown) => unknown): object =>
  Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, map(inner)]));
