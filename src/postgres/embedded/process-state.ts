import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Whether the process exists and is more than a zombie (in a container nobody may reap an adopted one). */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return true; // no /proc on this platform
  }
}

/** How a process was started; undefined where that cannot be known. */
export function commandLine(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    const [command, options] =
      process.platform === 'win32'
        ? ['wmic', ['process', 'where', `ProcessId=${pid}`, 'get', 'CommandLine']]
        : ['ps', ['-o', 'command=', '-ww', '-p', String(pid)]];
    const result = spawnSync(command, options, { encoding: 'utf8' });
    return result.status === 0 ? result.stdout : undefined;
  }
}
