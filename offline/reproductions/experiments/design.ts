/** The experiment that proofs 1 and 2 run again and again. */
export interface Design {
  readonly looks: number;
  /** Units that enter in each arm between two looks. */
  readonly unitsPerLook: number;
  /** Units in each arm before there is an interval. */
  readonly minUnits: number;
  readonly alpha: number;
  /** n* as a share of all units of both arms. */
  readonly tunedAt: number;
}

export const DESIGN: Design = { looks: 40, unitsPerLook: 250, minUnits: 500, alpha: 0.05, tunedAt: 0.5 };
export const SHORT_DESIGN: Design = { ...DESIGN, looks: 20, unitsPerLook: 150, minUnits: 300 };

export const horizonOf = ({ looks, unitsPerLook }: Design): number => 2 * looks * unitsPerLook;
