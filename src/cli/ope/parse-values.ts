import { InvalidArgumentError } from 'commander';
import { positive, notNegative, closedUnit } from '../parse-numbers.ts';
import type { PlanQuestion } from '../../../offline/ope/question.ts';
import type { HyperParameterFlag, RangeFlag } from './flags.ts';

/** A number with its rule, or `auto`: chosen from the log. */
const orAuto =
  (parse: (text: string) => number) =>
  (text: string): HyperParameterFlag =>
    text === 'auto' ? 'auto' : parse(text);

export const positiveOrAuto = orAuto(positive);
export const notNegativeOrAuto = orAuto(notNegative);
export const closedUnitOrAuto = orAuto(closedUnit);

/** `a,b,c` from a closed list, in the order given, each once. */
export const listOf =
  <T extends string>(what: string, known: readonly T[]) =>
  (text: string): readonly T[] => {
    const words = text.split(',').map((word) => word.trim());
    const unknown = words.find((word) => !known.includes(word as T));
    if (unknown === undefined) return [...new Set(words)] as T[];
    throw new InvalidArgumentError(`"${unknown}" is no ${what}; there are ${known.join(', ')}.`);
  };

export const oneOf =
  <T extends string>(known: readonly T[]) =>
  (text: string): T => {
    if (known.includes(text as T)) return text as T;
    throw new InvalidArgumentError(`It must be one of ${known.join(', ')}.`);
  };

export const collect = (value: string, previous: readonly string[] | undefined): readonly string[] => [
  ...(previous ?? []),
  value,
];

const DEFAULT_FLOORS: readonly number[] = [0.01, 0.02, 0.05, 0.1, 0.2];

/** `width=0.01`, with `floors=0.01:0.05` where other floors are wanted. */
export function planQuestion(text: string): PlanQuestion {
  const entries = new Map(
    text.split(',').map((part): [string, string] => [part.split('=')[0], part.split('=')[1] ?? '']),
  );
  const unknown = [...entries.keys()].find((name) => name !== 'width' && name !== 'floors');
  if (unknown !== undefined) throw new InvalidArgumentError(`"${unknown}" is neither width nor floors.`);
  const width = positive(entries.get('width') ?? '');
  const floors = entries.get('floors')?.split(':').map(closedUnit) ?? DEFAULT_FLOORS;
  return { width, floors };
}

/** `min,max`, or `<reward>=min,max`; repeatable. */
export function range(text: string, previous: readonly RangeFlag[] | undefined): readonly RangeFlag[] {
  const [, reward, min, max] = /^(?:(.*)=)?([^,=]+),([^,=]+)$/.exec(text) ?? [];
  const [low, high] = [Number(min), Number(max)];
  if (min === undefined || !Number.isFinite(low) || !Number.isFinite(high) || low >= high) {
    throw new InvalidArgumentError('It must be min,max (or <reward>=min,max) with min < max.');
  }
  return [...(previous ?? []), { reward: reward ?? null, min: low, max: high }];
}
