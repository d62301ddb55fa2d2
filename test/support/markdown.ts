/** Rows of the first table whose header starts with `column`; cells trimmed, back-ticks taken off. */
export function tableRows(markdown: string, column: string): string[][] {
  const lines = markdown.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${column} |`));
  if (start < 0) throw new Error(`no table starts with the column "${column}"`);
  const rows: string[][] = [];
  for (let i = start + 2; lines[i]?.startsWith('|') === true; i += 1) rows.push(cells(lines[i] ?? ''));
  return rows;
}

function cells(line: string): string[] {
  return line
    .slice(1, line.lastIndexOf('|'))
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|').replaceAll('`', ''));
}
