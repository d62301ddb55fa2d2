import type { LayerSpec } from '../../../../src/core/policy/artifact.ts';
import { layersFor } from '../../config.ts';
import type { TrainingData } from '../../data/training-data.ts';
import type { Columns } from '../../supervised/columns.ts';
import type { Head } from '../../supervised/head.ts';
import type { SlmgacConfig } from './config.ts';

/** z = h ⧺ LN(act(U_g h)) behind a shared trunk h, in actor and critic; without decomposition only the trunk. */
export function slmgacLayers(config: SlmgacConfig, data: TrainingData, outputs: number): LayerSpec[] {
  const groupBlock = config.groupDecomposition ? config.network.groupBlock : 0;
  return layersFor({ ...config.network, groupBlock }, data.encoder, data.groupCount, outputs);
}

/** Where in the critic's wide last layer everything is; every part holds one block per action. */
export interface CriticLayout {
  readonly outputs: number;
  readonly actionCount: number;
  /** Q (one value per action), F of the decomposed form, or one logit per action and atom. */
  readonly value: Columns;
  readonly heads: readonly { readonly head: Head; readonly columns: Columns }[];
}

export function criticLayout(actionCount: number, atoms: number, heads: readonly Head[]): CriticLayout {
  const value = { from: 0, width: actionCount * atoms };
  let outputs = value.width;
  const placed = heads.map((head) => {
    const columns = { from: outputs, width: actionCount * head.width };
    outputs += columns.width;
    return { head, columns };
  });
  return { outputs, actionCount, value, heads: placed };
}
