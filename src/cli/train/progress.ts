import type { TrainingProgress } from '../../../offline/learning/run/learner.ts';
import { createProgress } from '../progress.ts';

/** One bar per phase; with several processes at work one line per phase, because bars would overwrite each other. */
export function trainingProgress(options: {
  readonly quiet: boolean;
  readonly areSeveral: boolean;
}): (progress: TrainingProgress, seed?: number) => void {
  const bars = createProgress({ quiet: options.quiet });
  const begun = new Set<string>();
  let phase = '';
  let at = 0;
  return ({ phase: name, step, steps }, seed) => {
    const title = seed === undefined ? name : `seed ${seed}: ${name}`;
    if (options.areSeveral) {
      if (!begun.has(title)) bars.step(title);
      begun.add(title);
      return;
    }
    if (title !== phase) {
      phase = title;
      at = 0;
      bars.step(title, steps);
    }
    bars.advance(step - at);
    at = step;
    if (step === steps) bars.done();
  };
}
