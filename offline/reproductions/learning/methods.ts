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

/** What users do and what keeps them: the responses beside watch time that every constrained method is told of. */
const guarded = ['like', 'follow', 'hide', 'return_next_day'];

/** Watch time is live and short videos together; its parts, and the inverse of the session's length, are shown and not steered. */
const everyDiscount = Object.fromEntries(guarded.map((name) => [name, 0.99]));
const tscacConfig = {
  auxiliaries: guarded,
  auxiliaryDiscounts: everyDiscount,
  stageOneSteps: 150,
  lambda: 0.02,
  entropyWeight: 0.2,
  cloningWeight: 0.01,
};

const rcpoDual = trained('rcpo-dual', { costDiscounts: { hide: 0.99 } });

/** Study 1. */
export const twoStageMethods: readonly StudyMethod[] = [
  ...trivialArms,
  trained('bc'),
  trained('iql'),
  trained('crr'),
  trained('pareto', { objectives: ['watch_seconds', ...guarded], objectiveDiscounts: everyDiscount }),
  trained('rcpo-scalarised', {
    auxiliaryWeights: { live_watch_seconds: 0, short_watch_seconds: 0 },
    multipliers: { session_end: 0 },
  }),
  rcpoDual,
  trained('tscac', tscacConfig),
];

export const twoStageNote =
  `tscac, pareto and rcpo-scalarised are told of ${guarded.join(', ')} beside watch_seconds; rcpo-dual of the surface’s constraints. ` +
  `γ 0.99 for all of them. tscac: λ ${tscacConfig.lambda}, ${tscacConfig.stageOneSteps} steps and entropy weight ${tscacConfig.entropyWeight} for each auxiliary policy, ` +
  `cloning weight ${tscacConfig.cloningWeight} (three settings tried, on the default world, seed 1). Everything else is at its default.`;

/** Table of λ; the short form keeps the ends. */
export const lambdaSweep = (isShort: boolean): StudyMethod[] =>
  (isShort ? [0.02, 2] : [0.005, 0.1, 0.5, 2]).map((lambda) =>
    trained('tscac', { ...tscacConfig, lambda }, `λ = ${lambda}`),
  );

/** Study 2. */
export const multiGroupMethods: readonly StudyMethod[] = [
  ...trivialArms,
  ...['sac', 'td3bc', 'iql'].map((name) => trained(name)),
  rcpoDual,
  trained('slmgac'),
];

/** slmgac without one of its pieces each. */
export const ablations: readonly StudyMethod[] = [
  trained('slmgac', { supervision: 'none' }, 'without supervised heads'),
  trained('slmgac', { groupDecomposition: false }, 'without groups'),
  trained('slmgac', { network: { layerNorm: false } }, 'without layer norm'),
  trained('slmgac', { discretisation: 'regression' }, 'without discretisation'),
  trained('slmgac', { distillation: null }, 'without distillation'),
];

/** Study 4: what the other two train, and the behaviour policy to compare with. */
export const everyMethod: readonly StudyMethod[] = [
  { name: 'behaviour', arm: 'behavior' },
  ...[...twoStageMethods, ...multiGroupMethods].filter(
    ({ name, arm }, at, all) => arm === 'trained' && all.findIndex((other) => other.name === name) === at,
  ),
];

/** The methods whose algorithm this build has. */
export const available = (methods: readonly StudyMethod[]): StudyMethod[] =>
  methods.filter(
    (method) => method.arm !== 'trained' || (algorithmNames as readonly string[]).includes(method.algorithm),
  );
