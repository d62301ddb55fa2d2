import { describe, expect, it } from 'vitest';
import type { Experiment } from '../../../src/core/experiment/experiment.ts';
import { changedExperiment } from '../../../src/core/experiment/transition.ts';

const running: Experiment = {
  id: 'e1',
  surface: 'live-feed',
  name: 'e1',
  state: 'running',
  salt: 's',
  layer: 'default',
  holdoutShare: 0,
  variants: [{ name: 'control', role: 'control', policyVersion: 'live-feed@1' }],
  blocks: [{ index: 0, fromBucket: 0, toBucket: 1_000, openedAt: 1 }],
  level: 0.95,
};

describe('the last change of an experiment', () => {
  const note = { by: 'controller', at: 7, reason: 'treatment: hides is proven bad' };
  const back = changedExperiment(running, { from: ['running'], to: 'rolled-back', note });

  it('says who took the step, when, why, and where it led', () => {
    expect(back.lastChange).toEqual({ ...note, state: 'rolled-back' });
  });

  it('stays through what is no step, such as a new declaration', () => {
    const held = changedExperiment(running, { from: ['running'], to: 'running', note });
    const revised = changedExperiment(held, { from: ['running'], to: 'running', revised: running });
    expect(revised.lastChange).toEqual({ ...note, state: 'running' });
  });
});
