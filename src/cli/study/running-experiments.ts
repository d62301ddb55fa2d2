import type { AllotClient } from '../../client/client.ts';
import type { StudyRun } from '../../../offline/reproductions/study-run.ts';
import type { StudyTable } from '../../../offline/reproductions/study-table.ts';
import { startApiReplicas } from './replicas.ts';

const REPLICAS = 3;

/** Switching by alias, experiment and kill switch on three api processes; `url` null: an embedded database. */
export async function switching(run: StudyRun, url: string | null = null): Promise<StudyTable[]> {
  const { measureSwitches, switchingTable } =
    await import('../../../offline/reproductions/experiments/switching/switching.ts');
  const trials = run.repetitions ?? (run.isShort ? 2 : 20);
  run.progress.step(`switching on ${String(REPLICAS)} replicas`, 3 * trials);
  const replicas = await startApiReplicas(REPLICAS, url);
  try {
    const versions = await declare(replicas.clients[0]);
    const measured = await measureSwitches({ ...replicas, ...versions }, trials, () =>
      run.progress.advance(),
    );
    return [switchingTable(measured, REPLICAS)];
  } finally {
    await replicas.stop();
    run.progress.done();
  }
}

async function declare(client: AllotClient) {
  const surface = 'live-feed';
  await client.declareSurface(surface, {
    actions: ['none', 'live'],
    features: [{ name: 'hour', type: 'numeric', min: 0, max: 23 }],
    responses: [{ name: 'watch', role: 'main', max: 100, windowSeconds: 60 }],
  });
  const champion = await client.publishFixedPolicy(surface, { none: 0.5, live: 0.5 });
  const challenger = await client.publishFixedPolicy(surface, { none: 0.2, live: 0.8 });
  await client.setAlias(surface, 'champion', champion.version);
  return { surface, champion: champion.version, challenger: challenger.version };
}
