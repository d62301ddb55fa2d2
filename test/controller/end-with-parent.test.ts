import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);

/** A parent that starts a child, which computes for ever, without a turn of its event loop, and then says so. */
const parent = `
  import { spawn } from 'node:child_process';
  import { endWithParentFlags } from './src/controller/end-with-parent.ts';
  const child = ['-e', "require('node:fs').writeSync(1, 'begun'); for (;;);"];
  spawn(process.execPath, [...endWithParentFlags(), ...child], { stdio: 'inherit' });
  process.stdout.write('started');`;

/** Kills the parent after it has said `word`. Its standard output is the child's too: it closes when both have ended. */
async function killedAfter(word: string, ms: number): Promise<unknown> {
  const words = ['--import', 'tsx', '--input-type=module', '-e', parent];
  const running = spawn(process.execPath, words, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(running, 'close');
  for await (const chunk of running.stdout.iterator({ destroyOnReturn: false }))
    if (String(chunk).includes(word)) break;
  await sleep(ms);
  running.kill('SIGKILL');
  running.stdout.resume();
  return await closed;
}

describe.skipIf(process.platform === 'win32')('a process that ends with its parent', () => {
  it('is gone when its parent was killed, whatever it computes', { timeout: 60_000 }, async () => {
    expect(await killedAfter('begun', 0)).toEqual([null, 'SIGKILL']);
  });

  it.each([0, 50])(
    'is gone when its parent was killed %i ms after it was started, before it was ready',
    { timeout: 60_000 },
    async (ms) => {
      expect(await killedAfter('started', ms)).toEqual([null, 'SIGKILL']);
    },
  );
});
