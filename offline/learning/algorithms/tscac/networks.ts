import type { LayerSpec } from '../../../../src/core/policy/artifact.ts';
import { layersFor } from '../../config.ts';
import type { TrainingData } from '../../data/training-data.ts';
import type { TscacConfig } from './config.ts';

/** The same shape for every actor and critic of both stages; nothing is shared between responses. */
export const tscacLayers = (config: TscacConfig, data: TrainingData): LayerSpec[] =>
  layersFor(config.network, data.encoder, data.groupCount, data.actionCount);
