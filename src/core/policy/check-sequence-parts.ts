import { LONGEST_SEQUENCE } from '../surface/check-sequences.ts';
import { isNumber, isObject, isText, type Json } from './json-checks.ts';

/*
 * The rules of the parts of a header that came with open vocabularies and sequences. Sizes have limits of their own: what the
 * bytes of an artifact do not bound must not make a reader allocate.
 */

const MOST_BUCKETS = 2 ** 20;
const WIDEST = 1024;

const isIn = (x: unknown, least: number, most: number): x is number =>
  Number.isSafeInteger(x) && (x as number) >= least && (x as number) <= most;
const isList = (x: unknown, isItem: (item: unknown) => boolean): x is unknown[] =>
  Array.isArray(x) && x.length > 0 && x.every(isItem);

/** A hashed feature or a sequence, as encoded. */
export const isOpenFeature = (x: Json): boolean =>
  x['kind'] === 'hashed' ? isEncodedHash(x) : x['kind'] === 'sequence' && isEncodedSequence(x);

const isEncodedHash = (x: Json): boolean => isIn(x['buckets'], 2, MOST_BUCKETS) && isText(x['vocabulary']);

function isEncodedSequence(x: Json): boolean {
  if (!isIn(x['length'], 1, LONGEST_SEQUENCE) || !isList(x['fields'], isEncodedField)) return false;
  const names = (x['fields'] as { readonly field: string }[]).map(({ field }) => field);
  return new Set(names).size === names.length;
}

function isEncodedField(x: unknown): boolean {
  if (!isObject(x) || !isText(x['field'])) return false;
  const fallback = x['default'];
  switch (x['kind']) {
    case 'numeric':
      return isScaled(x) && (fallback === undefined || isNumber(fallback));
    case 'categorical-index':
      return isList(x['values'], isText) && (fallback === undefined || typeof fallback === 'string');
    case 'hashed': {
      const isId = fallback === undefined || typeof fallback === 'string' || isNumber(fallback);
      return isEncodedHash(x) && isId;
    }
    default:
      return false;
  }
}

const isScaled = ({ transform, mean, std }: Json): boolean =>
  (transform === 'identity' || transform === 'log1p') && isNumber(mean) && isNumber(std) && std > 0;

/** Tables over columns of the input, no column twice. */
export function isEmbedding(x: Json): boolean {
  const inputs = x['in'];
  if (!isIn(inputs, 1, Number.MAX_SAFE_INTEGER)) return false;
  const isTable = (table: unknown): boolean =>
    isObject(table) &&
    isIn(table['rows'], 1, Number.MAX_SAFE_INTEGER) &&
    isIn(table['dim'], 1, WIDEST) &&
    isList(table['columns'], (column) => isIn(column, 0, inputs - 1));
  if (!isList(x['tables'], isTable)) return false;
  const columns = (x['tables'] as { readonly columns: number[] }[]).flatMap((table) => table.columns);
  return new Set(columns).size === columns.length;
}

/** Query and sequence lie inside the input and apart from each other. */
export function isTargetAttention(x: Json): boolean {
  const { in: inputs, dim, heads, query, sequence } = x;
  if (!isIn(inputs, 1, Number.MAX_SAFE_INTEGER) || !isIn(dim, 1, WIDEST) || !isIn(heads, 1, dim))
    return false;
  if (dim % heads !== 0 || !isObject(sequence)) return false;
  const { from, length, width } = sequence;
  if (!isIn(from, 0, inputs - 1) || !isIn(length, 1, LONGEST_SEQUENCE) || !isIn(width, 1, inputs))
    return false;
  const until = from + length * width;
  let last = 0;
  const isRange = (range: unknown): boolean => {
    if (!isObject(range)) return false;
    const { from: start, width: columns } = range;
    if (!isIn(start, last, inputs - 1) || !isIn(columns, 1, inputs - start)) return false;
    last = start + columns;
    return last <= from || start >= until;
  };
  return until <= inputs && isList(query, isRange);
}
