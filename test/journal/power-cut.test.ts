import { spawn } from 'node:child_process';
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { SyncedFiles } from '../faults/support/synced-files.ts';
import { drain, open, temporaryFolder, until } from './folder.ts';

const child = fileURLToPath(new URL('writer-child.ts', import.meta.url));
const hook = fileURLToPath(new URL('../faults/hooks/synced.mjs', import.meta.url));

describe.skipIf(!existsSync('/proc/self/fd'))(
  'a journal with commit, after a power cut (needs /proc)',
  () => {
    it('holds every record that was acknowledged, with the folders that it made', async () => {
      const root = realpathSync(temporaryFolder());
      const directory = join(root, 'data', 'journal');
      const [oracle, log] = ['acknowledged', 'synced'].map((name) => join(temporaryFolder(), name));
      const writer = spawn(
        process.execPath,
        ['--import', 'tsx', '--import', hook, child, directory, oracle, '0', 'commit'],
        { stdio: 'inherit', env: { ...process.env, FAULTS_SYNC_LOG: log } },
      );
      const ended = new Promise((resolve) => writer.once('exit', resolve));
      await until(() => existsSync(oracle) && statSync(oracle).size > 2_000, 25_000);
      writer.kill('SIGKILL');
      await ended;
      new SyncedFiles(root, log).cut(root);
      const acknowledged = readFileSync(oracle, 'utf8').split('\n').slice(0, -1);
      const delivered = new Set(await drain(await open(directory)));
      expect(acknowledged.filter((id) => !delivered.has(id))).toEqual([]);
    });
  },
);
