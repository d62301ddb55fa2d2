import { Presets, SingleBar } from 'cli-progress';

export interface Progress {
  /** A new step of the work; `total` of 0 means that its length is not known. */
  step(title: string, total?: number): void;
  advance(by?: number): void;
  /** Ends the bar of the current step. */
  done(): void;
}

const silent: Progress = { step: () => undefined, advance: () => undefined, done: () => undefined };

/** Bars on a terminal; one plain line per step where standard error is a file or CI; nothing when `quiet`. */
export function createProgress({ quiet = false } = {}): Progress {
  if (quiet) return silent;
  return process.stderr.isTTY ? barProgress() : lineProgress();
}

/** Says how many rows there are so far: every second on a terminal, every five in a file. */
export function countRows(now: () => number = Date.now): (rows: number) => void {
  const pauseMs = process.stderr.isTTY ? 1_000 : 5_000;
  let saidAt = now();
  return (rows) => {
    if (now() - saidAt < pauseMs) return;
    saidAt = now();
    process.stderr.write(`… ${String(rows)} rows\n`);
  };
}

function lineProgress(): Progress {
  return { ...silent, step: (title) => process.stderr.write(`… ${title}\n`) };
}

function barProgress(): Progress {
  let bar: SingleBar | undefined;
  const done = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    step(title, total = 0): void {
      done();
      if (total === 0) {
        process.stderr.write(`… ${title}\n`);
        return;
      }
      const format = `… ${title} {bar} {percentage}% {eta_formatted}`;
      bar = new SingleBar(
        { format, stream: process.stderr, hideCursor: true, clearOnComplete: false },
        Presets.shades_classic,
      );
      bar.start(total, 0);
    },
    advance: (by = 1) => bar?.increment(by),
    done,
  };
}
