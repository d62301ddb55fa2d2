import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { afterEach } from 'vitest';

const { fdatasync, fdatasyncSync, ftruncateSync, readSync, readlinkSync, write, writeSync } = fs;
const real = { fdatasync, fdatasyncSync, ftruncateSync, readSync, write, writeSync };

function put(changes: Partial<Record<keyof typeof real, unknown>>): void {
  Object.assign(fs, changes);
  syncBuiltinESMExports();
}

afterEach(() => put(real));

const eio = (): NodeJS.ErrnoException => Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });

/** The next `times` calls of this function of node:fs fail as on a bad disk. */
export function failNext(name: 'fdatasyncSync' | 'ftruncateSync', times = 1): void {
  let left = times;
  put({
    [name]: (...given: [number]) => {
      if ((left -= 1) >= 0) throw eio();
      real[name](...given);
    },
  });
}

/** Reads that touch these bytes, of any file, fail as on a bad disk. */
export function failReads(from: number, to: number): void {
  put({
    readSync: (fd: number, into: Buffer, start: number, length: number, at: number): number => {
      if (at < to && at + length > from) throw eio();
      return real.readSync(fd, into, start, length, at);
    },
  });
}

interface Page {
  readonly path: string;
  readonly at: number;
  readonly bytes: Buffer;
}

/**
 * A disk under a page cache, as Linux has it: written is not stored; `fdatasync` stores; and one that fails says so once,
 * drops what it was to store, and reports success the next time.
 */
export class CachedDisk {
  #dirty: Page[] = [];
  readonly #stored: Page[] = [];
  #failures = 0;

  constructor() {
    put({
      writeSync: (fd: number, from: Buffer, start: number, length: number, at: number): number => {
        this.#written(fd, from.subarray(start, start + length), at);
        return real.writeSync(fd, from, start, length, at);
      },
      write: (
        fd: number,
        from: Buffer,
        start: number,
        length: number,
        at: number,
        done: () => void,
      ): void => {
        this.#written(fd, from.subarray(start, start + length), at);
        real.write(fd, from, start, length, at, done);
      },
      fdatasync: (fd: number, done: (error: Error | null) => void): void => {
        const path = pathOf(fd);
        const pages = this.#dirty.filter((page) => page.path === path);
        this.#dirty = this.#dirty.filter((page) => page.path !== path);
        if (pages.length > 0 && (this.#failures -= 1) >= 0) return setImmediate(done, eio()) as never;
        this.#stored.push(...pages);
        real.fdatasync(fd, done);
      },
    });
  }

  failNext(times = 1): void {
    this.#failures = times;
  }

  /** What a power cut leaves of the file. */
  after(path: string): Buffer {
    const pages = this.#stored.filter((page) => page.path === path);
    const left = Buffer.alloc(Math.max(0, ...pages.map(({ at, bytes }) => at + bytes.length)));
    for (const { at, bytes } of pages) bytes.copy(left, at);
    return left;
  }

  #written(fd: number, bytes: Buffer, at: number): void {
    const path = pathOf(fd);
    if (path.endsWith('.seg')) this.#dirty.push({ path, at, bytes: Buffer.from(bytes) });
  }
}

const pathOf = (fd: number): string => readlinkSync(`/proc/self/fd/${String(fd)}`);

/** The process is stopped in the middle of its next write for so long, and `meanwhile` happens. */
export function freezeInNextWrite(milliseconds: number, meanwhile: () => void): void {
  const { now } = Date;
  put({
    writeSync: (...given: Parameters<typeof writeSync>): number => {
      put(real);
      meanwhile();
      Date.now = () => {
        Date.now = now; // read once by who looks how long it took
        return now() + milliseconds;
      };
      return writeSync(...given);
    },
  });
}
