/** Letters, digits and what ids are joined with: `u-1` is not mentioned by `u-10` or `u-1-b`. */
const idCharacter = /[\p{L}\p{N}_-]/u;

/**
 * True when the text names one of `names` as a whole word, as it is or as JSON escapes it. JSON that writes a plain letter
 * as `\u0041` is found when the text as a whole is JSON. A name of digits alone must be the whole text or stand in quotes: as
 * a number it stands in every event.
 */
export function mentions(text: string, names: readonly string[]): boolean {
  if (names.some((name) => isNamedIn(text, name))) return true;
  if (!text.includes('\\u')) return false;
  const strings = stringsOf(text);
  return strings !== null && names.some((name) => strings.some((inner) => isNamedIn(inner, name)));
}

function isNamedIn(text: string, name: string): boolean {
  if (text === name) return name !== '';
  const word = /^\d+$/.test(name) ? JSON.stringify(name) : name;
  return hasWord(text, word) || hasWord(text, JSON.stringify(word).slice(1, -1));
}

function hasWord(text: string, word: string): boolean {
  if (word === '') return false;
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    const before = at === 0 ? '' : text[at - 1];
    const after = text[at + word.length] ?? '';
    if (!idCharacter.test(before) && !idCharacter.test(after)) return true;
  }
  return false;
}

/** The text's strings and keys; null where it is not JSON. */
function stringsOf(text: string): readonly string[] | null {
  const strings: string[] = [];
  try {
    JSON.parse(text, (key, value: unknown) => {
      strings.push(key);
      if (typeof value === 'string') strings.push(value);
      return value;
    });
  } catch {
    return null;
  }
  return strings;
}
