/** What a proof prints: a table, what it says, and whether what it must show holds. */
export interface StudyTable {
  readonly title: string;
  /** Sentences above the table: settings, and what the page leaves open. */
  readonly notes: readonly string[];
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What had to hold, each with its outcome. */
  readonly claims: readonly { readonly claim: string; readonly holds: boolean }[];
}

export const isProven = (tables: readonly StudyTable[]): boolean =>
  tables.every(({ claims }) => claims.every(({ holds }) => holds));

/** The table as markdown, for the documentation. */
export function toMarkdown({ title, notes, header, rows, claims }: StudyTable): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `### ${title}`,
    '',
    ...notes.flatMap((note) => [note, '']),
    line(header),
    line(header.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...rows.map(line),
    '',
    ...claims.map(({ claim, holds }) => `* ${holds ? 'holds' : '**does not hold**'}: ${claim}`),
    '',
  ].join('\n');
}

/** The table for a terminal. */
export function toText({ title, notes, header, rows, claims }: StudyTable): string {
  const all = [header, ...rows];
  const widths = header.map((_, i) => Math.max(...all.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd();
  return [
    title,
    ...notes.map((note) => `  ${note}`),
    '',
    ...all.map(line),
    '',
    ...claims.map(({ claim, holds }) => `${holds ? 'holds        ' : 'DOES NOT HOLD'}  ${claim}`),
    '',
  ].join('\n');
}
