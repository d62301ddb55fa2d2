import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { fileURLToPath } from 'node:url';

const words = ['--import', 'tsx', fileURLToPath(new URL('support/endless.ts', import.meta.url))];
const parent = `require('node:child_process').spawn(process.execPath, ${JSON.stringify(words)}, { stdio: 'inherit' });`;

/** Its standard output is the child's too: it closes when both have ended. */
async function started(): Promise<ChildProcess> {
  const running = spawn(process.execPath, ['-e', parent], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(running.stdout, 'data');
  return running;
}

describe.skipIf(process.platform === 'win32')('a process that ends with its parent', () => {
  it('is gone when its parent was killed, whatever it computes', { timeout: 60_000 }, async () => {
    const running = await started();
    const closed = once(running, 'close');
    running.kill('SIGKILL');
    expect(await closed).toEqual([null, 'SIGKILL']);
  });
});
