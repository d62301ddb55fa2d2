import { join } from 'node:path';
import { ESLint } from 'eslint';
import { beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
let eslint: ESLint;

beforeAll(() => {
  // Rules that need types want files of the project; those here exist only as text, so types are left out.
  const untyped = { languageOptions: { parserOptions: { projectService: false, project: null } } };
  eslint = new ESLint({
    cwd: root,
    overrideConfigFile: join(root, 'eslint.config.js'),
    overrideConfig: [untyped],
    ruleFilter: ({ ruleId }) => !ruleId.startsWith('@typescript-eslint/') && ruleId !== 'no-unused-vars',
  });
});

async function messagesFor(path: string, text: string): Promise<string[]> {
  const [result] = await eslint.lintText(text, { filePath: join(root, path) });
  return (result?.messages ?? []).map(({ ruleId, message }) => `${ruleId ?? 'parse'}: ${message}`);
}

const lines = (count: number, line: string): string => Array.from({ length: count }, () => line).join('\n');
const longFunction = `export function long(): void {\n${lines(41, '  void 0;')}\n}\n`;

const method = `  const f = (): void => {\n${lines(9, '    void 0;')}\n  };`;
const longFactory = (own: number): string =>
  `export function create(): void {\n${lines(5, method.replace('const f', '{ const f').replace('};', '}; }'))}\n${lines(own, '  void 0;')}\n}\n`;

describe('the code rules', () => {
  it.each([
    [
      'a look at the environment',
      'src/service/a.ts',
      'export const x = process.env;\n',
      /src\/config\/env\.ts/,
    ],
    [
      'Math.random in core',
      'src/core/a.ts',
      'export const x = Math.random();\n',
      /randomness as an argument/,
    ],
    ['Date.now in core', 'src/core/a.ts', 'export const x = Date.now();\n', /time as an argument/],
    ['the present moment in core', 'src/core/a.ts', 'export const x = new Date();\n', /time as an argument/],
    ['Node in core', 'src/core/a.ts', "import { join } from 'node:path';\nexport { join };\n", /no platform/],
    ['async in core', 'src/core/a.ts', 'export async function f(): Promise<void> {}\n', /synchronous/],
    ['a default export', 'src/journal/a.ts', 'const x = 1;\nexport default x;\n', /Named exports only/],
    ['a barrel', 'src/core/math/all.ts', "export * from './random.ts';\n", /Only src\/index\.ts re-exports/],
    [
      'an exit outside an entry',
      'src/journal/a.ts',
      'export const x = () => process.exit(1);\n',
      /process entries/,
    ],
    [
      'a signal handler outside an entry',
      'api/app.ts',
      "process.on('SIGTERM', () => 0);\n",
      /process entries/,
    ],
    ['a line on the console', 'src/ingest/a.ts', "console.log('x');\n", /no-console/],
    ['a function of 43 lines', 'src/core/a.ts', longFunction, /lines of its own/],
    ['a file of 451 lines', 'src/core/a.ts', lines(451, 'export {};'), /max-lines:/],
    ['a factory that keeps 41 lines for itself', 'src/core/a.ts', longFactory(41), /lines of its own/],
    ['loose equality', 'src/core/a.ts', 'export const x = (a: unknown) => a == 1;\n', /eqeqeq/],
  ])('refuse %s and say what to do', async (_, path, text, expected) => {
    const messages = await messagesFor(path, text);
    expect(
      messages.some((message) => expected.test(message)),
      messages.join('\n'),
    ).toBe(true);
  });

  it.each([
    ['the environment in env.ts', 'src/config/env.ts', 'export const x = process.env;\n'],
    [
      'a date made from an argument in core',
      'src/core/a.ts',
      'export const x = (ms: number) => new Date(ms);\n',
    ],
    ['an exit in an entry', 'api/main.ts', 'process.exit(1);\n'],
    ['a long function in a test', 'test/core/a.test.ts', longFunction],
    ['a factory of short methods', 'src/memory/a.ts', longFactory(1)],
    ['re-exports in src/index.ts', 'src/index.ts', "export * from './core/errors.ts';\n"],
  ])('allow %s', async (_, path, text) => {
    expect(await messagesFor(path, text)).toEqual([]);
  });

  it('catch a promise that nobody waits for', async () => {
    const config = (await eslint.calculateConfigForFile(join(root, 'src/ingest/a.ts'))) as {
      rules: Record<string, unknown[]>;
    };
    expect(config.rules['@typescript-eslint/no-floating-promises']?.[0]).toBe(2);
    expect(config.rules['@typescript-eslint/no-misused-promises']?.[0]).toBe(2);
  });
});
