import type { Adjustment } from '../../core/feedback/events.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const FIRST_PLAIN = 0x20;
const FIRST_SURROGATE = 0xd800;

/**
 * A text or null as JSON. Identifiers and names need no escape, and looking at their characters costs a tenth of the call into
 * `JSON.stringify`, of which a decision would make ten.
 */
export function quote(text: string | null): string {
  if (text === null) return 'null';
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < FIRST_PLAIN || code === QUOTE || code === BACKSLASH || code >= FIRST_SURROGATE) {
      return JSON.stringify(text);
    }
  }
  return `"${text}"`;
}

/** Numbers and booleans as JSON writes them: all numbers of an event are finite, and JSON writes −0 as 0 too. */
export const plain = (value: number | boolean | null): string => String(value);

/** Of what is nearly always empty. */
export const listText = (list: readonly unknown[]): string =>
  list.length === 0 ? '[]' : JSON.stringify(list);

/** In the order in which `serveProbabilities` makes their fields; a surface with a floor has one in every decision. */
export function adjustmentsText(adjustments: readonly Adjustment[]): string {
  let list = '';
  for (const { kind, name, factor, nullBefore, nullAfter } of adjustments) {
    const named = name === undefined ? '' : `,"name":${quote(name)}`;
    const scaled = factor === undefined ? '' : `,"factor":${plain(factor)}`;
    list += `${list === '' ? '' : ','}{"kind":"${kind}"${named}${scaled},"nullBefore":${plain(nullBefore)},"nullAfter":${plain(nullAfter)}}`;
  }
  return `[${list}]`;
}
