// node scripts/bootstrap.mjs demo|test|start [args…]
// Runs from a bare clone: installs what is missing, then hands over. Node built-ins only, because nothing else is
// there yet. Everything this script says goes to standard error: standard output belongs to what it starts.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const marker = join(modules, '.allot-lock-hash');

/** Ends with the child's own code, so that callers see what it saw; signals are passed on, not swallowed. */
function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: process.cwd(), stdio: 'inherit', ...options });
    // Ctrl-C in a terminal reaches the whole group: passed on as well, it would look like a second, impatient one.
    const forward = (signal) => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal));
    const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'];
    for (const signal of signals) process.on(signal, forward);
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      for (const name of signals) process.off(name, forward);
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

function checkNode() {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const wanted = engines.node.replace('>=', '').split('.').map(Number);
  const have = process.versions.node.split('.').map(Number);
  const isOld = have[0] < wanted[0] || (have[0] === wanted[0] && have[1] < (wanted[1] ?? 0));
  if (isOld) fail(`Allot needs Node ${engines.node}; this is ${process.versions.node}.`);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** The install is current when it was made from this very lock file. */
function lockHash() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  return createHash('sha256').update(lock).digest('hex');
}

function isInstalled(hash) {
  if (existsSync(marker)) return readFileSync(marker, 'utf8') === hash;
  return false;
}

async function installWhatIsMissing() {
  const hash = lockHash();
  if (isInstalled(hash)) return;
  if (await matchesLock()) {
    writeFileSync(marker, hash);
    return;
  }
  process.stderr.write('Installing packages (npm ci) …\n');
  const started = Date.now();
  const [command, first] = npm();
  // npm's standard output goes to our standard error.
  const code = await run(command, [...first, 'ci', '--include=dev', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (code !== 0) fail(`npm ci failed (exit code ${code}). Is the package registry reachable?`);
  writeFileSync(marker, hash);
  process.stderr.write(`Installed in ${((Date.now() - started) / 1000).toFixed(0)} s.\n`);
}

/** `npm ci` by hand leaves no marker of ours, but npm's own copy of what it installed. */
async function matchesLock() {
  const own = join(modules, '.package-lock.json');
  if (!existsSync(own)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(own, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === '' || entry.optional || entry.peer || installed[path]?.version === entry.version,
  );
}

/** npm that started us, else the one on the path. */
function npm() {
  const path = process.env.npm_execpath;
  if (path?.endsWith('.js')) return [process.execPath, [path]];
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm', []];
}

const [task, ...args] = process.argv.slice(2);
checkNode();
if (!['demo', 'start', 'test'].includes(task))
  fail('usage: node scripts/bootstrap.mjs demo|test|start [args…]');
await installWhatIsMissing();
const target =
  task === 'test'
    ? [join(modules, 'vitest', 'vitest.mjs'), 'run', '--root', root, ...args]
    : ['--import', 'tsx', join(root, 'src', 'cli', 'main.ts'), task, ...args];
process.exitCode = await run(process.execPath, target, { cwd: root });
