/**
 * The augmented Lagrangian of the DICE family; see `dice.ts` for what each setting does.
 *
 * Source: Yang, Nachum, Dai, Li and Schuurmans 2020 (NeurIPS), "Off-policy evaluation via the regularized Lagrangian".
 */
export interface DiceSettings {
  /** α_Q ≥ 0: regularises the test functions. Above 0 the estimate is biased, and defined on thin data. */
  readonly alphaQ: number;
  /** α_ζ ≥ 0: regularises the ratios. */
  readonly alphaZeta: number;
  /** α_R: 1 puts the reward into the Lagrangian. */
  readonly alphaR: number;
  /** Hold Σ ζ at n Σₜ γᵗ (sessions of one length only). */
  readonly isNormalised: boolean;
  /**
   * One-hot features know the step: right for sessions of a fixed length, and whenever states do not say how much is left.
   * Without it the decision process must be the same at every step.
   */
  readonly knowsStep: boolean;
  /** φ(s, a) in place of one-hot features: rounds × K × `width`, row-major. */
  readonly features?: { readonly width: number; readonly values: Float64Array };
}

/** Named members of the family, with quadratic regularisers in place of their own. */
export const diceFamily = {
  dualdice: { alphaQ: 0, alphaZeta: 1, alphaR: 0, isNormalised: false },
  gendice: { alphaQ: 1, alphaZeta: 0, alphaR: 0, isNormalised: true },
  algaedice: { alphaQ: 0, alphaZeta: 1, alphaR: 1, isNormalised: false },
  bestdice: { alphaQ: 0, alphaZeta: 1, alphaR: 1, isNormalised: true },
  mwl: { alphaQ: 0, alphaZeta: 0, alphaR: 0, isNormalised: false },
  mql: { alphaQ: 0, alphaZeta: 0, alphaR: 1, isNormalised: false },
} as const satisfies Record<string, Omit<DiceSettings, 'knowsStep' | 'features'>>;

export const defaultDice: DiceSettings = { ...diceFamily.dualdice, knowsStep: true };
