/** One call of a port whose methods answer nothing, on its way to another thread. */
export interface RemoteCall {
  readonly method: string;
  readonly args: readonly unknown[];
}

/** Looks like the port; every call of it is posted. `like`: an implementation, for the names of the methods. */
export function remotePort<Port extends object>(like: Port, post: (call: RemoteCall) => void): Port {
  const methods = Object.keys(like).map((method) => [
    method,
    (...args: unknown[]): void => post({ method, args: args.map(packed) }),
  ]);
  return Object.fromEntries(methods) as Port;
}

/** At the other end: makes the call. */
export function applyCall<Port extends object>(port: Port, { method, args }: RemoteCall): void {
  const call = (port as Record<string, ((...args: unknown[]) => void) | undefined>)[method];
  call?.apply(port, args.map(unpacked));
}

/** A structured clone forgets what an error is called, and refuses functions. */
interface PackedError {
  readonly packedError: {
    readonly name: string;
    readonly message: string;
    readonly stack: string | undefined;
  };
  readonly cause: unknown;
}

function packed(value: unknown): unknown {
  if (value instanceof Error) {
    const { name, message, stack } = value;
    return { packedError: { name, message, stack }, cause: packed(value.cause) } satisfies PackedError;
  }
  if (Array.isArray(value)) return value.map(packed);
  if (typeof value === 'object' && value !== null) return mapped(value, packed);
  return typeof value === 'function' || typeof value === 'symbol' ? String(value) : value;
}

function unpacked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpacked);
  if (typeof value !== 'object' || value === null) return value;
  if (!('packedError' in value)) return mapped(value, unpacked);
  const { packedError, cause } = value as PackedError;
  return Object.assign(
    new Error(packedError.message),
    packedError,
    cause === undefined ? {} : { cause: unpacked(cause) },
  );
}

const mapped = (value: object, map: (inner: unknown) => unknown): object =>
  Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, map(inner)]));
