/** Letters, digits and what ids are joined with: `u-1` is not mentioned by `u-10` or `u-1-b`. */
const idCharacter = /[\p{L}\p{N}_-]/u;

/**
 * True when the text names one of `names` as a whole word, as it is or as JSON escapes it. JSON that writes a plain letter
 * as `\u0041` is found when the text as a whole is JSON.
 */
export function mentions(text: string, names: readonly string[]): boolean {
  if (names.some((name) => hasWord(text, name) || hasWord(text, JSON.stringify(name).slice(1, -1))))
    return true;
  if (!text.includes('\\u')) return false;
  const plain = unescaped(text);
  return plain !== null && names.some((name) => hasWord(plain, name));
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

/** The text's strings, one a line; null where it is not JSON. */
function unescaped(text: string): string | null {
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
  return strings.join('\n');
}
