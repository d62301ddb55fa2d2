/** What a proof prints: a table, what it says, and whether what it must show holds. */
export interface StudyTable {
  readonly title: string;
  /** Sentences above the table: settings, and what the page leaves open. */
  readonly notes: readonly string[];
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What had to hold, each with its outcome. */
  readonly claims: readonly StudyClaim[];
}

export interface StudyClaim {
  readonly claim: string;
  readonly holds: boolean;
  /** It does not hold, nor does its opposite: the data of this run do not resolve it. */
  readonly isOpen?: boolean;
}

/** False where something claimed was found wrong; what is merely not resolved is no such finding. */
export const isProven = (tables: readonly StudyTable[]): boolean =>
  tables.every(({ claims }) => claims.every(({ holds, isOpen }) => holds || isOpen === true));

const stateOf = ({ holds, isOpen }: StudyClaim): 'holds' | 'not resolved' | 'does not hold' =>
  holds ? 'holds' : isOpen === true ? 'not resolved' : 'does not hold';

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
    ...claims.map((it) => `* ${it.holds ? 'holds' : `**${stateOf(it)}**`}: ${it.claim}`),
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
    ...claims.map((it) => {
      const state = stateOf(it);
      return `${(state === 'does not hold' ? 'DOES NOT HOLD' : state).padEnd(13)}  ${it.claim}`;
    }),
    '',
  ].join('\n');
}
