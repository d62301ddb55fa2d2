import type { LayerSpec } from '../../../../src/core/policy/artifact.ts';
import { layersFor } from '../../config.ts';
import type { TrainingData } from '../../data/training-data.ts';
import type { IqlConfig } from './config.ts';

/** Logits or values of all actions. */
export const iqlLayers = (config: IqlConfig, data: TrainingData): LayerSpec[] =>
  layersFor(config.network, data.encoder, data.groupCount, data.actionCount);

/** V(s): the same hidden layers, one output. */
export const iqlValueLayers = (config: IqlConfig, data: TrainingData): LayerSpec[] =>
  layersFor(config.network, data.encoder, data.groupCount, 1);
