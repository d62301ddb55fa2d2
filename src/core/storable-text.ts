/** With the `u` flag a surrogate only matches where it is alone; PostgreSQL takes neither it nor U+0000. */
const unstorable = /[\ud800-\udfff\0]/u;

export const STORABLE_RULE = 'well-formed Unicode without U+0000';

/** Whatever a caller's text goes into can be stored: else an accepted event would end as a dead letter. */
export const isStorable = (text: string): boolean => !unstorable.test(text);
