// Preloaded into Allot: its wall clock is off by the milliseconds that FAULTS_CLOCK_FILE holds, and jumps when the
// file changes. Timers and performance.now stay true, as they do when an operator or NTP sets the clock.
import { readFileSync, watchFile } from 'node:fs';

const file = process.env.FAULTS_CLOCK_FILE;
const read = () => Number(readFileSync(file, 'utf8')) || 0;
let offset = read();
watchFile(file, { interval: 50, persistent: false }, () => (offset = read()));

const RealDate = Date;
const { now } = RealDate;
globalThis.Date = class Date extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(now() + offset);
    else super(...parts);
  }
  static now() {
    return now() + offset;
  }
};
