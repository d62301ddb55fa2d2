import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Version in the nearest package.json named `allot`: found from the sources, from dist and from an installed package. */
export function allotVersion(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (let parent = dirname(folder); parent !== folder; parent = dirname(folder)) {
    folder = parent;
    const found = read(join(folder, 'package.json'));
    if (found?.name === 'allot' && found.version !== undefined) return found.version;
  }
  return 'unknown';
}

function read(file: string): { name?: string; version?: string } | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version?: string };
  } catch {
    return undefined;
  }
}
