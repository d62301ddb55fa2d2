// npm run build: TypeScript → dist/, beside it the files that the code finds through import.meta.url.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const roots = ['api', 'offline', 'src'];
/** Everything in the source folders that is not code: SQL, pages, styles, page scripts, JSON. */
const assets = new Set(['.sql', '.html', '.css', '.js', '.svg', '.json', '.yaml', '.yml', '.wasm', '.txt']);

rmSync(dist, { recursive: true, force: true });
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: ['ignore', 2, 2],
});
if (status !== 0) process.exit(status ?? 1);

cpSync(join(root, 'migrations'), join(dist, 'migrations'), { recursive: true });
for (const folder of roots) copyAssets(join(root, folder), join(dist, folder));

const entry = join(dist, 'src', 'cli', 'main.js');
if (!existsSync(entry)) throw new Error('dist/src/cli/main.js is missing');
chmodSync(entry, 0o755);
process.stderr.write('built dist/\n');

function copyAssets(from, to) {
  if (!existsSync(from)) return;
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    if (entry.isDirectory()) copyAssets(source, join(to, entry.name));
    else if (assets.has(extname(entry.name))) cpSync(source, join(to, entry.name));
  }
}
