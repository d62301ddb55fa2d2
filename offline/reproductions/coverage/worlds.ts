import type { EnumerableWorld, Outcome, WorldContext } from './enumerable-world.ts';

const event = (rate: number, value = 1): Outcome[] => [
  { value: 0, share: 1 - rate },
  { value, share: rate },
];

const rows = (value: number): Outcome[] => [{ value, share: 1 }];

const even = (contexts: readonly Omit<WorldContext, 'share'>[]): WorldContext[] =>
  contexts.map((context) => ({ ...context, share: 1 / contexts.length }));

const single = (contexts: readonly Omit<WorldContext, 'share'>[]) => [{ share: 1, contexts: even(contexts) }];

const moderate = single([
  { behavior: [0.6, 0.4], policy: [0.3, 0.7], outcomes: [event(0.35), event(0.55)] },
  { behavior: [0.4, 0.6], policy: [0.8, 0.2], outcomes: [event(0.5), event(0.3)] },
]);

const common = { rowsPerUnit: rows(1), clip: 1.5, model: [0.3, 0.6] };

/** Where an interval may be wrong, one reason at a time. */
export const enumerableWorlds: readonly EnumerableWorld[] = [
  { name: 'moderate weights and rates', isBenign: true, units: 500, types: moderate, ...common },
  {
    name: '5 correlated rows per unit',
    isBenign: true,
    units: 300,
    types: [
      {
        share: 0.5,
        contexts: even([{ behavior: [0.5, 0.5], policy: [0.2, 0.8], outcomes: [event(0.7), event(0.9)] }]),
      },
      {
        share: 0.5,
        contexts: even([{ behavior: [0.6, 0.4], policy: [0.3, 0.7], outcomes: [event(0.1), event(0.3)] }]),
      },
    ],
    ...common,
    rowsPerUnit: rows(5),
  },
  { name: 'few units', isBenign: false, units: 20, types: moderate, ...common },
  {
    name: 'rare response (1 %)',
    isBenign: false,
    units: 300,
    types: single([{ behavior: [0.6, 0.4], policy: [0.3, 0.7], outcomes: [event(0.006), event(0.012)] }]),
    ...common,
    model: [0.01, 0.01],
  },
  {
    name: 'heavy-tailed response',
    isBenign: false,
    units: 300,
    types: single([
      {
        behavior: [0.6, 0.4],
        policy: [0.3, 0.7],
        outcomes: [
          [
            { value: 1, share: 0.99 },
            { value: 200, share: 0.01 },
          ],
          [
            { value: 2, share: 0.99 },
            { value: 300, share: 0.01 },
          ],
        ],
      },
    ]),
    ...common,
    model: [2, 4],
  },
  {
    name: 'large weights (to 35)',
    isBenign: false,
    units: 500,
    types: single([
      { behavior: [0.98, 0.02], policy: [0.3, 0.7], outcomes: [event(0.3), event(0.6)] },
      { behavior: [0.5, 0.5], policy: [0.3, 0.7], outcomes: [event(0.4), event(0.5)] },
    ]),
    ...common,
    clip: 5,
  },
  {
    name: 'huge weights (to 350)',
    isBenign: false,
    units: 500,
    types: single([
      { behavior: [0.998, 0.002], policy: [0.3, 0.7], outcomes: [event(0.3), event(0.6)] },
      { behavior: [0.5, 0.5], policy: [0.3, 0.7], outcomes: [event(0.4), event(0.5)] },
    ]),
    ...common,
    clip: 5,
  },
  {
    name: 'a few units with 80 rows',
    isBenign: false,
    units: 200,
    types: [
      {
        share: 0.5,
        contexts: even([{ behavior: [0.5, 0.5], policy: [0.2, 0.8], outcomes: [event(0.8), event(0.9)] }]),
      },
      {
        share: 0.5,
        contexts: even([{ behavior: [0.6, 0.4], policy: [0.3, 0.7], outcomes: [event(0.1), event(0.2)] }]),
      },
    ],
    ...common,
    rowsPerUnit: [
      { value: 1, share: 0.98 },
      { value: 80, share: 0.02 },
    ],
  },
];
