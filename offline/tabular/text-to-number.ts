/**
 * The number that a cell of text holds, `true` and `false` as 1 and 0; NaN for a cell that holds nothing (empty, `nan`, `null`,
 * `na`), undefined for everything else: `Number` would take blanks for 0 and `0x1F` for 31.
 */
export function textToNumber(text: string): number | undefined {
  if (/^(|nan|null|na)$/i.test(text)) return NaN;
  if (/^(true|false)$/i.test(text)) return Number(text.toLowerCase() === 'true');
  const value = /^[-+.\d][-+.\de]*$/i.test(text) ? Number(text) : NaN;
  return Number.isFinite(value) ? value : undefined;
}
