import type { StudyRun } from '../../study-run.ts';
import type { StudyTable } from '../../study-table.ts';
import { runRound, type Round } from './run.ts';
import { fewScenarios, FULL_PACE, scenarios, SHORT_PACE } from './scenario.ts';
import { regressionTables } from './tables.ts';
import type { RegressionWorld } from './world.ts';

/** Proof 5: regressions planted on running processes; one round of all scenarios per seed. */
export async function regressions(
  run: StudyRun,
  startWorld: () => Promise<RegressionWorld & { readonly lookIntervalMs: number; stop(): Promise<void> }>,
): Promise<StudyTable[]> {
  const seeds = run.repetitions ?? (run.isShort ? 1 : 3);
  const pace = run.isShort ? SHORT_PACE : FULL_PACE;
  run.progress.step('planted regressions', seeds);
  const world = await startWorld();
  try {
    const rounds: Round[] = [];
    for (let k = 0; k < seeds; k++) {
      const chosen = run.isShort ? fewScenarios : scenarios;
      rounds.push(await runRound(world, { scenarios: chosen, seed: run.seed + k, pace }));
      run.progress.advance();
    }
    const { clients, lookIntervalMs } = world;
    return regressionTables(rounds, { replicas: clients.length, lookIntervalMs, pace });
  } finally {
    await world.stop();
    run.progress.done();
  }
}
