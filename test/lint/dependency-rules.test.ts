import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise, type ICruiseOptions, type ICruiseResult, type IFlattenedRuleSet } from 'dependency-cruiser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const configuration = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
  readonly forbidden: readonly { readonly name: string; readonly comment: string }[];
  readonly options: { enhancedResolveOptions: object } & ICruiseOptions;
};

/** Rule → the file that breaks it and what that file imports; the imported module is written too. */
const violations: Readonly<Record<string, readonly [from: string, to: string]>> = {
  'core-imports-core-only': ['src/core/math/a.ts', 'node:fs'],
  'service-is-vendor-free': ['src/service/serving/b.ts', 'src/postgres/b-pool.ts'],
  'schemas-import-core-and-zod': ['src/service/schemas/c.ts', 'node:fs'],
  'ports-import-core-only': ['src/service/ports/d.ts', 'src/service/serving/d-use.ts'],
  'adapters-are-independent': ['src/kafka/e.ts', 'src/journal/e-file.ts'],
  'adapters-import-core-and-ports': ['src/memory/f.ts', 'src/service/serving/f-use.ts'],
  'api-does-not-import-offline': ['api/routes/g.ts', 'offline/learning/g-net.ts'],
  'offline-does-not-import-api': ['offline/dataset/h.ts', 'api/routes/h-route.ts'],
  'only-entries-compose-adapters': ['src/controller/i.ts', 'src/postgres/i-pool.ts'],
  'only-entries-read-config': ['api/routes/j.ts', 'src/config/env.ts'],
  'only-entries-handle-signals': ['src/ingest/k.ts', 'src/observability/shutdown.ts'],
  'nobody-imports-an-entry': ['src/cli/l.ts', 'api/main.ts'],
  'only-the-cli-imports-the-cli': ['src/controller/m.ts', 'src/cli/m-output.ts'],
  'only-entries-use-compose': ['api/routes/mm.ts', 'src/compose/mm-parts.ts'],
  'simulation-is-pure': ['src/simulation/n.ts', 'src/client/n-client.ts'],
  'tensorflow-only-offline': ['src/controller/o.ts', '@tensorflow/tfjs-core'],
  'duckdb-only-offline': ['src/postgres/p.ts', '@duckdb/node-api'],
  'highs-only-offline': ['src/simulation/pp.ts', 'highs'],
  'express-only-api': ['src/controller/q.ts', 'express'],
  'kafkajs-only-kafka': ['src/ingest/r.ts', 'kafkajs'],
  'pg-only-postgres': ['api/routes/s.ts', 'pg'],
  'telemetry-vendors-only-observability': ['src/ingest/t.ts', 'prom-client'],
  'cli-vendors-only-cli': ['offline/dataset/u.ts', 'commander'],
  'production-code-needs-dependencies': ['src/journal/v.ts', 'vitest'],
  'production-code-knows-no-tests': ['src/journal/w.ts', 'test/support/w-helper.ts'],
  'no-cycles': ['src/core/x.ts', 'src/core/x-other.ts'],
  'no-barrels': ['src/core/y.ts', 'src/core/math/index.ts'],
};
const packages = [
  '@tensorflow/tfjs-core',
  '@duckdb/node-api',
  'highs',
  'express',
  'kafkajs',
  'pg',
  'prom-client',
  'commander',
];

let tree: string;
let found: { readonly rule: string; readonly from: string; readonly to: string }[] = [];

beforeAll(async () => {
  tree = mkdtempSync(join(tmpdir(), 'allot-rules-'));
  writeTree();
  const result = await cruise(
    ['api', 'offline', 'src'],
    {
      ...configuration.options,
      tsConfig: {},
      baseDir: tree,
      ruleSet: configuration as unknown as IFlattenedRuleSet,
      validate: true,
    },
    configuration.options.enhancedResolveOptions,
  );
  const { summary } = result.output as ICruiseResult;
  found = summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to }));
}, 60_000);
afterAll(() => rmSync(tree, { recursive: true, force: true }));

function write(path: string, text: string): void {
  const file = join(tree, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function writeTree(): void {
  const development = { vitest: '1' };
  write('package.json', JSON.stringify({ type: 'module', dependencies: {}, devDependencies: development }));
  for (const name of [...packages, 'vitest']) {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'main.js' }));
    write(`node_modules/${name}/main.js`, 'module.exports = { x: 1 };\n');
  }
  for (const [from, to] of Object.values(violations)) {
    const isFile = to.endsWith('.ts');
    const up = '../'.repeat(from.split('/').length - 1);
    write(from, `import { x } from '${isFile ? up + to : to}';\nexport const y = x;\n`);
    if (isFile) write(to, 'export const x = 1;\n');
  }
  write('src/core/x-other.ts', "import { y } from './x.ts';\nexport const x = y;\n");
  write('src/cli/allowed.ts', "import { x } from '../postgres/b-pool.ts';\nexport const y = x;\n");
  write('src/postgres/allowed.ts', "import { x } from 'pg';\nexport const y = x;\n");
}

describe('the dependency rules', () => {
  it('are each tried by a violation', () => {
    expect(Object.keys(violations).sort()).toEqual(configuration.forbidden.map(({ name }) => name).sort());
  });

  it.each(Object.entries(violations))('%s fires on two lines that break it', (rule, [from]) => {
    expect(
      found
        .filter((violation) => [violation.from, violation.to].includes(from))
        .map((violation) => violation.rule),
    ).toContain(rule);
  });

  it.each(configuration.forbidden.map(({ name, comment }) => [name, comment]))(
    '%s says where the code belongs',
    (_, comment) => {
      expect(comment).toMatch(/belongs?|argument|Import the module|Shared code|move|main\.ts|may import/);
    },
  );

  it('let an entry compose adapters and an adapter use its own vendor', () => {
    const allowed = ['src/cli/allowed.ts', 'src/postgres/allowed.ts'];
    expect(found.filter(({ from }) => allowed.includes(from))).toEqual([]);
  });
});
