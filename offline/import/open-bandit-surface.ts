import type { Surface } from '../../src/core/surface/surface.ts';
import { importedResponse, importedSurface } from './imported-surface.ts';

/** Left, centre and right place of the three-item list. */
export const POSITIONS = ['1', '2', '3'];

/** Hashed categories of the user that the log gives. */
export const USER_FEATURES = ['user_feature_0', 'user_feature_1', 'user_feature_2', 'user_feature_3'];

export const itemAction = (item: number | string): string => `item-${item}`;

/** Three to six decisions of a thousand are clicked: by 1 % of the range, the default, nothing could ever be worse. */
const CLICK_MARGIN = 0.001;

/** One surface per campaign: both logging policies write into it, told apart by their policy version. */
export function openBanditSurface(
  campaign: string,
  itemCount: number,
  userValues: readonly (readonly string[])[],
): Surface {
  const surface = importedSurface({
    name: `open-bandit-${campaign}`,
    actions: Array.from({ length: itemCount }, (_, item) => itemAction(item)),
    nullAction: null,
    features: [
      { name: 'position', type: 'categorical', values: POSITIONS },
      ...USER_FEATURES.map((name, i) => ({ name, type: 'categorical' as const, values: userValues[i] })),
      { name: 'affinity', type: 'vector', length: itemCount, min: 0, max: 1_000_000 },
    ],
    responses: [importedResponse({ name: 'click', role: 'main', unit: 'click', min: 0, max: 1, default: 0 })],
  });
  return { ...surface, gate: { ...surface.gate, mainMargin: CLICK_MARGIN } };
}
