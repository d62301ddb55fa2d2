export { multiply, packLeft, packRight } from './matmul';
export {
  addRows,
  copyColumns,
  gatherRows,
  layerNorm,
  layerNormBackward,
  relu,
  reluBackward,
  scatterRows,
  silu,
  siluBackward,
} from './elementwise';
