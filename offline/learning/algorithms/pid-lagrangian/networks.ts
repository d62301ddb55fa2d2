import type { LayerSpec } from '../../../../src/core/policy/artifact.ts';
import { layersFor } from '../../config.ts';
import type { TrainingData } from '../../data/training-data.ts';
import type { PidLagrangianConfig } from './config.ts';

/** The same shape for the actor, the main critics and the critics of every limit. */
export const pidLagrangianLayers = (config: PidLagrangianConfig, data: TrainingData): LayerSpec[] =>
  layersFor(config.network, data.encoder, data.groupCount, data.actionCount);
