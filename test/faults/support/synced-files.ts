import { type Stats, readFileSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface Note {
  readonly path: string;
  readonly file?: string;
  readonly bytes?: number;
  readonly names?: readonly string[];
}

const identityOf = ({ ino, birthtimeMs }: Stats): string => `${String(ino)} ${String(birthtimeMs)}`;

/** What the notes of `hooks/synced.mjs` say is on the disk under `root`, which is taken to be there. */
export class SyncedFiles {
  readonly #root: string;
  readonly #bytes = new Map<string, number>();
  readonly #names = new Set<string>();

  constructor(root: string, log: string) {
    this.#root = root;
    for (const line of readFileSync(log, 'utf8').split('\n').slice(0, -1)) {
      const { path, file, bytes, names } = JSON.parse(line) as Note;
      if (file !== undefined) this.#bytes.set(file, Math.max(bytes ?? 0, this.#bytes.get(file) ?? 0));
      for (const name of names ?? []) this.#names.add(join(path, name));
    }
  }

  /** Bytes of the file that are left: none where its name, or that of a folder above it, was not synced. */
  bytes(path: string): number {
    for (let name = path; name !== this.#root; name = dirname(name)) if (!this.#names.has(name)) return 0;
    return this.#bytes.get(identityOf(statSync(path))) ?? 0;
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
