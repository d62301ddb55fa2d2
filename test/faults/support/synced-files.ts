import { readFileSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What the notes of `hooks/synced.mjs` say is on the disk under `root`, which is taken to be there. */
export class SyncedFiles {
  readonly #root: string;
  readonly #bytes = new Map<string, number>();
  readonly #names = new Set<string>();

  constructor(root: string, log: string) {
    this.#root = root;
    for (const line of readFileSync(log, 'utf8').split('\n').slice(0, -1)) {
      const { path, bytes, names } = JSON.parse(line) as { path: string; bytes?: number; names?: string[] };
      if (bytes !== undefined) this.#bytes.set(path, Math.max(bytes, this.#bytes.get(path) ?? 0));
      for (const name of names ?? []) this.#names.add(join(path, name));
    }
  }

  /** Bytes of the file that are left: none where its name, or that of a folder above it, was not synced. */
  bytes(path: string): number {
    for (let name = path; name !== this.#root; name = dirname(name)) if (!this.#names.has(name)) return 0;
    return this.#bytes.get(path) ?? 0;
  }

  /** Leaves of the folder what a power cut leaves at worst. */
  cut(folder: string): void {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (!this.#names.has(path)) rmSync(path, { recursive: true });
      else if (entry.isDirectory()) this.cut(path);
      else if (this.bytes(path) < statSync(path).size) truncateSync(path, this.bytes(path));
    }
  }
}
