import { loadDataset } from '../../offline/dataset/load.ts';
import { trainPolicy } from '../../offline/train.ts';

/** A training to be killed: `<snapshot> <checkpoints> <algorithm> <config>`; says after every report how far it is. */
const [snapshot, directory, algorithm, config] = process.argv.slice(2);
const dataset = await loadDataset(snapshot);
await trainPolicy({
  dataset,
  surface: dataset.manifest.surface,
  algorithm,
  config: JSON.parse(config) as Record<string, unknown>,
  seed: 1,
  runId: null,
  checkpoints: { directory, every: 7 },
  progress: ({ phase, step }) => process.stdout.write(`${phase} ${step}\n`),
});
process.stdout.write('finished\n');
