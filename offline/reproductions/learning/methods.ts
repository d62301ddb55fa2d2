import { algorithmNames } from '../../learning/algorithms/create-algorithm.ts';

/** A row of a study: something that becomes a policy. */
export type StudyMethod = { readonly name: string } & (
  | {
      readonly arm: 'trained';
      readonly algorithm: string;
      /** On top of what all methods share; `docs/learning-studies.md` lists it. */
      readonly config: Readonly<Record<string, unknown>>;
    }
  /** Always, or never, allocate. */
  | { readonly arm: 'always'; readonly share: 0 | 1 }
  | { readonly arm: 'behavior' }
);

export const trained = (
  algorithm: string,
  config: Readonly<Record<string, unknown>> = {},
  name = algorithm,
): StudyMethod => ({ name, arm: 'trained', algorithm, config });

export const trivialArms: readonly StudyMethod[] = [
  { name: 'always-null', arm: 'always', share: 0 },
  { name: 'always-allocate', arm: 'always', share: 1 },
  { name: 'behaviour', arm: 'behavior' },
];

/** Study 1. */
export const twoStageMethods: readonly StudyMethod[] = [
  ...trivialArms,
  ...['bc', 'iql', 'crr', 'pareto', 'rcpo-scalarised', 'rcpo-dual', 'tscac'].map((name) => trained(name)),
];

/** Table of λ; the short form keeps the ends. */
export const lambdaSweep = (isShort: boolean): StudyMethod[] =>
  (isShort ? [0.05, 10] : [0.01, 0.03, 0.1, 0.3, 1, 3, 10]).map((lambda) =>
    trained('tscac', { lambda }, `λ = ${lambda}`),
  );

/** Study 2. */
export const multiGroupMethods: readonly StudyMethod[] = [
  ...trivialArms,
  ...['sac', 'td3bc', 'iql', 'rcpo-dual', 'slmgac'].map((name) => trained(name)),
];

/** slmgac without one of its pieces each. */
export const ablations: readonly StudyMethod[] = [
  trained('slmgac', { supervision: 'none' }, 'without supervised heads'),
  trained('slmgac', { groupDecomposition: false }, 'without groups'),
  trained('slmgac', { network: { layerNorm: false } }, 'without layer norm'),
  trained('slmgac', { discretisation: 'regression' }, 'without discretisation'),
  trained('slmgac', { distillation: null }, 'without distillation'),
];

/** Study 4: all that learns, and the behaviour policy to compare with. */
export const everyMethod: readonly StudyMethod[] = [
  { name: 'behaviour', arm: 'behavior' },
  ...algorithmNames.map((name) => trained(name)),
];

/** The methods whose algorithm this build has. */
export const available = (methods: readonly StudyMethod[]): StudyMethod[] =>
  methods.filter(
    (method) => method.arm !== 'trained' || (algorithmNames as readonly string[]).includes(method.algorithm),
  );
