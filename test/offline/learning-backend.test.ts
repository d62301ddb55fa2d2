import { describe, expect, it } from 'vitest';
import { chooseBackend } from '../../offline/learning/tensors/backend.ts';

describe('the TensorFlow backend', () => {
  it('is chosen once, with the reason, and only after its probe ran', async () => {
    const first = await chooseBackend();
    expect(first.reason).toContain(`${first.name}: Adam step, gather and concat ran`);
    expect(await chooseBackend()).toBe(first);
    // What was tried before it is in the reason, so that "why not native" has an answer.
    expect(first.name === 'tensorflow-native' || first.reason.startsWith('tensorflow-native: ')).toBe(true);
  });

  it('does not leave handlers behind that rethrow every uncaught error', async () => {
    const before = process.listenerCount('uncaughtException');
    await chooseBackend('wasm');
    expect(process.listenerCount('uncaughtException')).toBe(before);
  });

  it('asked for by name is that one', async () => {
    expect((await chooseBackend('cpu')).name).toBe('cpu');
    expect((await chooseBackend('wasm')).name).toBe('wasm');
  });
});
