// Appends until it is killed. After each append it notes the id in the oracle file: what is noted was accepted.
import { openSync, writeSync } from 'node:fs';
import { openJournal } from '../../src/journal/journal.ts';
import { decisionEvent } from '../support/events.ts';

const [directory, oracle, from, sync = 'group'] = process.argv.slice(2);
const notes = openSync(oracle, 'a');
const journal = await openJournal({
  directory,
  segmentBytes: 256 * 1024,
  maxBytes: 1024 * 1024 * 1024,
  sync: sync as 'group' | 'commit',
});
for (let n = Number(from); ; n += 2) {
  journal.appendAll([decisionEvent(n), decisionEvent(n + 1)]);
  writeSync(notes, `decision-${String(n)}\ndecision-${String(n + 1)}\n`);
  if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
}
