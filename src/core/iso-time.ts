const ISO =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?) ?(Z|UTC|[+-]\d{2}(?::?\d{2})?)?)?$/i;

/**
 * Milliseconds since the epoch of an ISO 8601 date or date and time (a space for the T is taken too), or of a text of digits
 * only; undefined for everything else. UTC where no zone is given: the same text is the same moment on every machine,
 * where `Date.parse` would take the machine's zone for a time and accept texts such as `foo 1`.
 */
export function timeOf(text: string): number | undefined {
  if (/^\d{1,16}$/.test(text)) return Number(text);
  const parts = ISO.exec(text.trim());
  if (parts === null) return undefined;
  const [, date, time = '00:00', zone = 'Z'] = parts;
  const ms = Date.parse(`${date}T${time}${offsetOf(zone)}`);
  // Date.parse takes 31 February for 3 March.
  return Number.isNaN(ms) || !isDate(date) ? undefined : ms;
}

/** `+01`, `+0100` and `UTC` as `Date.parse` knows them. */
function offsetOf(zone: string): string {
  if (/^(z|utc)$/i.test(zone)) return 'Z';
  const digits = zone.slice(1).replace(':', '');
  return `${zone[0]}${digits.slice(0, 2)}:${digits.slice(2).padEnd(2, '0')}`;
}

const isDate = (date: string): boolean => new Date(`${date}T00:00Z`).toISOString().startsWith(date);
