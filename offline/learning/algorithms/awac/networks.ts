import type { LayerSpec } from '../../../../src/core/policy/artifact.ts';
import { layersFor } from '../../config.ts';
import type { TrainingData } from '../../data/training-data.ts';
import type { AwacConfig } from './config.ts';

/** Actor and critics have the same shape: logits or values of all actions from the same encoder. */
export const awacLayers = (config: AwacConfig, data: TrainingData): LayerSpec[] =>
  layersFor(config.network, data.encoder, data.groupCount, data.actionCount);
