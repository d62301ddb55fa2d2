/** The tables of `docs/worlds.md`, from the JSON Schema: what the page says is what is parsed. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

export function fieldTables(root: Schema): string {
  const sections = Object.entries(root.properties ?? {});
  const single = sections.filter(([, s]) => s.properties === undefined && s.type !== 'array');
  return [
    ...tableOf('The world', single),
    ...sections.flatMap(([name, s]) => {
      if (s.type === 'array')
        return tableOf(`\`${name}\` (a list)`, Object.entries(s.items?.properties ?? {}));
      return s.properties === undefined ? [] : tableOf(`\`${name}\``, Object.entries(s.properties));
    }),
  ].join('\n');
}

function tableOf(title: string, fields: readonly (readonly [string, Schema])[]): string[] {
  return [
    `### ${title}`,
    '',
    '| field | default | range | meaning |',
    '| --- | --- | --- | --- |',
    ...fields.map(
      ([name, field]) =>
        `| \`${name}\` | ${valueOf(field)} | ${rangeOf(field)} | ${field.description ?? ''} |`,
    ),
    '',
  ];
}

function valueOf({ default: value }: Schema): string {
  if (value === undefined) return '';
  return Array.isArray(value) ? 'a list' : typeof value === 'string' ? value : JSON.stringify(value);
}

function rangeOf(field: Schema): string {
  if (field.enum !== undefined) return field.enum.join(', ');
  if (field.properties !== undefined) return 'min, max: 0 … 30';
  if (field.minimum === undefined && field.exclusiveMinimum === undefined) return field.type ?? '';
  const whole = field.type === 'integer' ? 'whole, ' : '';
  const from =
    field.exclusiveMinimum === undefined ? `${field.minimum} … ` : `> ${field.exclusiveMinimum}, ≤ `;
  return `${whole}${from}${field.maximum}`;
}
