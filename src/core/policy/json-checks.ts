export type Json = Readonly<Record<string, unknown>>;

export const isObject = (x: unknown): x is Json => typeof x === 'object' && x !== null && !Array.isArray(x);
export const isText = (x: unknown): x is string => typeof x === 'string' && x.length > 0;
export const isNumber = (x: unknown): x is number => typeof x === 'number' && Number.isFinite(x);
