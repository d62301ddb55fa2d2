import type { LayerSpec } from '../../../../src/core/policy/artifact.ts';
import { layersFor } from '../../config.ts';
import type { TrainingData } from '../../data/training-data.ts';
import type { BcConfig } from './config.ts';

export const bcLayers = (config: BcConfig, data: TrainingData): LayerSpec[] =>
  layersFor(config.network, data.encoder, data.groupCount, data.actionCount);
