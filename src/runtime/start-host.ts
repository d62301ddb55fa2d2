import { fork, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

/** TypeScript in a clone, JavaScript in an installation: a file beside another one, whichever it is. */
export const sibling = (from: string, name: string): string =>
  new URL(`${name}${from.endsWith('.ts') ? '.ts' : '.js'}`, from).href;

const isTypeScript = (module: string): boolean => module.endsWith('.ts');

/**
 * A file in the dist folder of tsx, by its full address: a bare name would be looked up from the working directory. Resolved
 * only where there is TypeScript to run: an installation has no tsx.
 */
const tsxFile = (name: string): string =>
  pathToFileURL(join(dirname(createRequire(import.meta.url).resolve('tsx/esm/api')), '..', '..', name)).href;

/** What node needs before the name of a module, to run it in a process of its own. */
export const nodeFlags = (module: string): string[] =>
  isTypeScript(module) ? ['--import', tsxFile('loader.mjs')] : [];

/**
 * A thread on a module. Node 20 gives `--import tsx` to no worker, so a worker on TypeScript registers tsx itself; the few
 * lines that do it are evaluated, because they could not be TypeScript.
 */
export function startThread(module: string, workerData: unknown): Worker {
  const loader = isTypeScript(module) ? tsxFile('esm/api/index.mjs') : null;
  const code = `
    const start = () => import(${JSON.stringify(module)});
    const loader = ${JSON.stringify(loader)};
    if (loader === null) start();
    else import(loader).then(({ register }) => { register(); return start(); });`;
  return new Worker(code, { eval: true, workerData, execArgv: [] });
}

/** A child process on a module; typed arrays survive its messages, and what it prints goes to standard error. */
export function startProcess(module: string, argv: readonly string[]): ChildProcess {
  return fork(fileURLToPath(module), [...argv], {
    execArgv: nodeFlags(module),
    serialization: 'advanced',
    stdio: ['ignore', 2, 2, 'ipc'],
  });
}
