import { upperRegularisedGamma } from './incomplete-gamma.ts';

/** P(X ≥ x) for X ~ χ² with `degrees` > 0 degrees of freedom: Q(degrees / 2, x / 2). */
export const chiSquareSurvival = (x: number, degrees: number): number =>
  upperRegularisedGamma(degrees / 2, x / 2);
