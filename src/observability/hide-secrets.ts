const HIDDEN = '[hidden]';
/** Deeper than anything that is logged on purpose. */
const DEEPEST = 12;

/** Names whose value is a secret, whatever it is: letters and digits only, in lower case. */
const secretName =
  /password|passwd|pwd|passphrase|secret|token|authorization|cookie|credential|apikey|keys?$|connectionstring|databaseurl/;
/** They tell of a secret, and do not hold it. */
const harmlessName = /(file|path|directory|tokens)$/;

/** What texts of others hold: `user:password@` in addresses, `password=…`, bearer tokens and Allot's own keys. */
const secretTexts: readonly (readonly [RegExp, string])[] = [
  [/:\/\/\S+@/g, `://${HIDDEN}@`],
  [
    /((?:passw(?:or)?d|pwd|passphrase|secret|token|api[-_ ]?key|authorization)[\\"']*\s*[=:]\s*)(?:\\?"[^"]*"|'[^']*'|(?:(?:bearer|basic)\s+)?[^\s,;&"']+)/gi,
    `$1${HIDDEN}`,
  ],
  [/\b(bearer|basic)\s+[\w.~+/=-]{16,}/gi, `$1 ${HIDDEN}`],
  [/allot_[\w-]{43}/g, HIDDEN],
];

/** A text with whatever looks like a secret replaced. */
export const hideInText = (text: string): string =>
  secretTexts.reduce((hidden, [pattern, replacement]) => hidden.replace(pattern, replacement), text);

/**
 * A copy to log: secrets hidden by the name of their field at any depth, and in every text. Errors become objects with their
 * cause and their own fields; bytes are never shown.
 */
export function hideSecrets(value: unknown): unknown {
  return copyOf(value, []);
}

function copyOf(value: unknown, above: readonly object[]): unknown {
  if (typeof value === 'string') return hideInText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (above.includes(value)) return '[circular]';
  if (above.length >= DEEPEST) return '[too deep]';
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${String(value.byteLength)} bytes]`;
  const within = [...above, value];
  if (Array.isArray(value)) return value.map((item) => copyOf(item, within));
  if (value instanceof Set) return Array.from(value, (item) => copyOf(item, within));
  if (value instanceof Map)
    return copyOfFields(
      Array.from(value, ([k, v]) => [String(k), v] as const),
      within,
    );
  if (hasJson(value)) return copyOf(value.toJSON(), within);
  return copyOfFields(fieldsOf(value), within);
}

const hasJson = (value: object): value is { toJSON(): unknown } =>
  'toJSON' in value && typeof value.toJSON === 'function';

function fieldsOf(value: object): (readonly [string, unknown])[] {
  const own = Object.entries(value);
  if (!(value instanceof Error)) return own;
  // These are not enumerable.
  const { name, message, stack, cause } = value;
  const errors = value instanceof AggregateError ? (value.errors as unknown) : undefined;
  const told = Object.entries({ name, message, stack, cause, errors });
  return [...told.filter(([, field]) => field !== undefined), ...own];
}

function copyOfFields(fields: readonly (readonly [string, unknown])[], within: readonly object[]): unknown {
  return Object.fromEntries(
    fields.map(([name, field]) => [name, isSecret(name) && field !== null ? HIDDEN : copyOf(field, within)]),
  );
}

function isSecret(name: string): boolean {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '');
  return secretName.test(plain) && !harmlessName.test(plain);
}
