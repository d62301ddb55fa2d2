import type { ResponseSpec, Surface } from '../../src/core/surface/surface.ts';
import { defaultMainMargin } from '../../src/service/schemas/surface.ts';

/** What an imported log does not tell about its surface: nothing was capped, paced or floored by us. */
export function importedSurface(
  told: Pick<Surface, 'name' | 'actions' | 'nullAction' | 'features' | 'responses'>,
): Surface {
  return {
    ...told,
    schemaVersion: 1,
    groups: null,
    constraints: [],
    explorationFloor: 0,
    caps: [],
    pacing: null,
    horizon: 1,
    completeness: 'window',
    gate: {
      estimator: 'snips',
      level: 0.95,
      mainMargin: defaultMainMargin(told.responses),
      auxiliaryMargins: {},
      minEffectiveUnits: 1000,
    },
  };
}

/** Imported feedback happens at the decision's own time, so a second is window enough. */
export function importedResponse(
  told: Omit<ResponseSpec, 'interaction' | 'aggregate' | 'windowSeconds'>,
): ResponseSpec {
  return { ...told, interaction: told.name, aggregate: 'sum', windowSeconds: 1 };
}
