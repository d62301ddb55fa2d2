import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

function logged(level: string, statement: string): { stdout: string; records: Record<string, unknown>[] } {
  const script = `import { createLogger } from './src/observability/logger.ts'; const log = createLogger('${level}'); ${statement}`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', script],
    { cwd: root, encoding: 'utf8' },
  );
  const records = stderr.split('\n').filter((line) => line.startsWith('{'));
  return { stdout, records: records.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('the logger', () => {
  it('writes JSON lines to standard error and nothing to standard output', () => {
    const { stdout, records } = logged(
      'info',
      "log.info({ decisionId: 'd' }, 'decided'); log.debug({}, 'hidden');",
    );
    expect(stdout).toBe('');
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({ level: 'info', decisionId: 'd', msg: 'decided' });
  });

  it('hides what carries the name of a secret, one level down too', () => {
    const { records } = logged('info', "log.info({ password: 'hush', kafka: { password: 'hush' } }, 'x');");
    expect(JSON.stringify(records)).not.toContain('hush');
  });

  it('keeps the cause of an error', () => {
    const { records } = logged(
      'warn',
      "log.warn({ error: new Error('a', { cause: new Error('b') }) }, 'x');",
    );
    expect(records[0]).toMatchObject({ error: { message: 'a', cause: { message: 'b' } } });
  });
});
