import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Sample {
  readonly heapMb: number;
  readonly rssMb: number;
  readonly journalRecords: number;
  readonly journalAgeMs: number;
  /** Longest that the event loop was held up since the last sample. */
  readonly loopDelayMs: number;
}

const EVERY_MS = 1_000;
const MIB = 1024 ** 2;

/** Asks `/metrics` once a second, as a Prometheus in a hurry would. */
export class Sampler {
  readonly #url: string;
  readonly #key: string;
  readonly #timer: NodeJS.Timeout;
  #samples: Sample[] = [];

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
    this.#timer = setInterval(() => void this.#sample(), EVERY_MS);
  }

  async #sample(): Promise<void> {
    try {
      const metric = await this.metrics();
      this.#samples.push({
        heapMb: metric('allot_nodejs_heap_size_used_bytes') / MIB,
        rssMb: metric('allot_process_resident_memory_bytes') / MIB,
        journalRecords: metric('allot_journal_records'),
        journalAgeMs: metric('allot_journal_oldest_age_seconds') * 1_000,
        loopDelayMs: metric('allot_nodejs_eventloop_lag_max_seconds') * 1_000,
      });
    } catch (error) {
      process.stderr.write(`/metrics did not answer: ${String(error)}\n`);
    }
  }

  /** Values by name, summed over their labels. */
  async metrics(): Promise<(name: string, label?: string) => number> {
    const headers = { authorization: `Bearer ${this.#key}` };
    const answer = await fetch(`${this.#url}/metrics`, { headers, signal: AbortSignal.timeout(5_000) });
    const lines = (await answer.text()).split('\n');
    return (name, label = '') =>
      lines.reduce((sum, line) => {
        const isIt = line.startsWith(`${name} `) || line.startsWith(`${name}{`);
        return isIt && line.includes(label) ? sum + Number(line.slice(line.lastIndexOf(' '))) : sum;
      }, 0);
  }

  /** Since the last time. */
  take(): readonly Sample[] {
    const taken = this.#samples;
    this.#samples = [];
    return taken;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** MiB of files under a folder; files that go meanwhile do not count. */
export function folderMb(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += folderMb(path) * MIB;
    else if (entry.isFile()) bytes += statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes / MIB;
}
