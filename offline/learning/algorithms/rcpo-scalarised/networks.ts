import type { LayerSpec } from '../../../../src/core/policy/artifact.ts';
import { layersFor } from '../../config.ts';
import type { TrainingData } from '../../data/training-data.ts';
import type { RcpoScalarisedConfig } from './config.ts';

/** Actor and critics have the same shape. */
export const rcpoScalarisedLayers = (config: RcpoScalarisedConfig, data: TrainingData): LayerSpec[] =>
  layersFor(config.network, data.encoder, data.groupCount, data.actionCount);
