// node scripts/kernels.mjs: compiles offline/learning/kernels/assembly (AssemblyScript) to kernel.wasm beside it. The
// module is committed; a test compiles it again and compares.
import asc from 'assemblyscript/asc';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const kernels = join(dirname(dirname(fileURLToPath(import.meta.url))), 'offline/learning/kernels');

/** The bytes of kernel.wasm. */
export async function compileKernels() {
  let bytes;
  const { error, stderr } = await asc.main(
    ['kernel.ts', '--outFile', 'kernel.wasm', '-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd'],
    {
      // The compiler insists on .ts, the type checker must not see it.
      readFile(name) {
        if (!/^\w+\.ts$/.test(name)) return null;
        return readFileSync(join(kernels, 'assembly', name.replace(/\.ts$/, '.as')), 'utf8');
      },
      writeFile: (_name, contents) => (bytes = contents),
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  return bytes;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(join(kernels, 'kernel.wasm'), await compileKernels());
