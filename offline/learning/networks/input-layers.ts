import { refuse, violation } from '../../../src/core/check.ts';
import type {
  ColumnRange,
  EmbeddingTable,
  EncodedField,
  EncoderSpec,
  LayerSpec,
  TargetAttentionSpec,
} from '../../../src/core/policy/artifact.ts';
import { embeddingLayout } from '../../../src/core/policy/embedding-forward.ts';
import { eventWidth, fieldWidth, widthOf } from '../../../src/core/policy/input-layout.ts';
import { attentionOutputs } from '../../../src/core/policy/attention-forward.ts';
import { attentionOf, embeddingsOf, type InputConfig } from './input-config.ts';

/**
 * Layers from the encoder's inputs to the hidden ones: an embedding of all index columns, then target attention over every
 * sequence. None for a surface without such features.
 */
export function inputLayersFor(
  encoder: EncoderSpec,
  config: InputConfig,
): { readonly layers: readonly LayerSpec[]; readonly width: number } {
  const layers: LayerSpec[] = [];
  const embedding = embeddingFor(encoder, embeddingsOf(config).dim);
  if (embedding !== null) layers.push(embedding);
  const attention = attentionOf(config);
  let width = embedding === null ? encoder.width : embeddingLayout(embedding).outputs;
  if (attention === null) return { layers, width };
  const placed = placedFeatures(encoder, embedding);
  const query = queryOf(placed, attention.query);
  // From the last sequence to the first, so that what is taken out never moves the columns of those to come.
  for (const { sequence, from } of placed.toReversed()) {
    if (sequence === null) continue;
    const { dim, heads } = attention;
    const layer: TargetAttentionSpec = {
      kind: 'target-attention',
      in: width,
      query: query.map(({ column, columns }) => ({ from: movedBy(column, placed, from), width: columns })),
      sequence: { from, ...sequence },
      ...{ dim, heads },
    };
    layers.push(layer);
    width = attentionOutputs(layer);
  }
  return { layers, width };
}

type Embedding = Extract<LayerSpec, { kind: 'embedding' }>;

/** Tables by vocabulary; a list of categories is a vocabulary of its own. */
function embeddingFor(encoder: EncoderSpec, asked: number | 'auto'): Embedding | null {
  const columns = new Map<string, { rows: number; columns: number[] }>();
  const add = (key: string, rows: number, column: number): void => {
    const known = columns.get(key);
    if (known === undefined) columns.set(key, { rows, columns: [column] });
    else known.columns.push(column);
  };
  for (const { key, rows, column } of indexColumns(encoder)) add(key, rows, column);
  if (columns.size === 0) return null;
  const tables = [...columns.values()].map(({ rows, columns: at }): EmbeddingTable => ({
    ...{ rows, dim: asked === 'auto' ? automaticDim(rows) : asked },
    columns: at.toSorted((a, b) => a - b),
  }));
  return { kind: 'embedding', in: encoder.width, tables };
}

const automaticDim = (rows: number): number => Math.min(32, Math.max(4, Math.ceil(2 * rows ** 0.25)));

interface IndexColumn {
  readonly key: string;
  readonly rows: number;
  readonly column: number;
}

/** Every column of the encoder that holds the number of a slot. */
function* indexColumns(encoder: EncoderSpec): Iterable<IndexColumn> {
  let at = 0;
  for (const input of encoder.inputs) {
    if (input.kind === 'hashed') yield { ...hashKey(input), column: at };
    if (input.kind === 'categorical-index')
      yield { key: `values ${JSON.stringify(input.values)}`, rows: input.values.length + 1, column: at };
    if (input.kind === 'sequence')
      for (let e = 0; e < input.length; e += 1)
        yield* eventColumns(input.fields, at + e * eventWidth(input.fields));
    at += widthOf(input) + 1;
  }
}

function* eventColumns(fields: readonly EncodedField[], start: number): Iterable<IndexColumn> {
  let at = start + 1;
  for (const field of fields) {
    if (field.kind === 'hashed') yield { ...hashKey(field), column: at };
    if (field.kind === 'categorical-index')
      yield { key: `values ${JSON.stringify(field.values)}`, rows: field.values.length + 1, column: at };
    at += fieldWidth(field);
  }
}

const hashKey = ({
  buckets,
  vocabulary,
}: {
  buckets: number;
  vocabulary: string;
}): Omit<IndexColumn, 'column'> => ({
  key: `vocabulary ${buckets} ${vocabulary}`,
  rows: buckets,
});

/** A feature's columns behind the embedding, its indicator left out. */
interface Placed {
  readonly name: string;
  readonly isHashed: boolean;
  readonly from: number;
  readonly columns: number;
  readonly sequence: { readonly length: number; readonly width: number } | null;
}

function placedFeatures(encoder: EncoderSpec, embedding: Embedding | null): Placed[] {
  const starts = embedding === null ? null : embeddingLayout(embedding);
  const after = (column: number): number =>
    starts === null ? column : column < starts.at.length ? starts.at[column] : starts.outputs;
  let at = 0;
  return encoder.inputs.map((input) => {
    const from = after(at);
    const columns = after(at + widthOf(input)) - from;
    at += widthOf(input) + 1;
    const sequence =
      input.kind === 'sequence' ? { length: input.length, width: columns / input.length } : null;
    return { name: input.feature, isHashed: input.kind === 'hashed', from, columns, sequence };
  });
}

interface QueryColumns {
  readonly column: number;
  readonly columns: number;
}

function queryOf(placed: readonly Placed[], asked: 'auto' | readonly string[]): QueryColumns[] {
  const plain = placed.filter(({ sequence }) => sequence === null);
  if (placed.length === plain.length) return [];
  const hashed = plain.filter(({ isHashed }) => isHashed);
  const chosen =
    asked === 'auto'
      ? hashed.length > 0
        ? hashed
        : plain
      : plain.filter(({ name }) => asked.includes(name));
  const unknown = asked === 'auto' ? [] : asked.filter((name) => !plain.some((p) => p.name === name));
  const rule = 'is a feature of the surface other than a sequence';
  refuse(
    'config_invalid',
    unknown.map((name) => violation('config.network.attention.query', rule, name)),
  );
  if (chosen.length === 0)
    refuse('config_invalid', [
      violation('config.network.attention', 'needs a feature beside the sequences, or is null'),
    ]);
  return chosen.map(({ from, columns }) => ({ column: from, columns }));
}

/** Where a column stands once the sequences after `from` have been taken out: only those before it and after `from` moved it. */
function movedBy(column: number, placed: readonly Placed[], from: number): ColumnRange['from'] {
  const taken = placed.filter((p) => p.sequence !== null && p.from > from && p.from < column);
  return taken.reduce((moved, p) => moved - p.columns, column);
}
