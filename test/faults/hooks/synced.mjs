// Preloaded into Allot: after each sync it notes what is on the disk for sure, a line per call in FAULTS_SYNC_LOG. Of a
// file {"path", "file", "bytes"}: how far it is, under whatever name; of a folder {"path", "names"}: what it holds. What a power cut leaves at worst is
// every file cut there, under names that were noted only.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const log = process.env.FAULTS_SYNC_LOG;

/** Of the file itself: it is synced under one name and then gets another. */
const identityOf = ({ ino, birthtimeMs }) => `${ino} ${birthtimeMs}`;

/** What is there when the call begins is what the call promises. */
function noteOf(fd) {
  const path = fs.readlinkSync(`/proc/self/fd/${fd}`);
  const stat = fs.fstatSync(fd);
  const held = stat.isDirectory()
    ? { names: fs.readdirSync(path) }
    : { file: identityOf(stat), bytes: stat.size };
  return () => fs.appendFileSync(log, `${JSON.stringify({ path, ...held })}\n`);
}

for (const name of ['fsync', 'fdatasync']) {
  const aside = fs[name];
  const atOnce = fs[`${name}Sync`];
  fs[name] = (fd, callback) => {
    const note = noteOf(fd);
    aside(fd, (error) => {
      if (error === null) note();
      callback(error);
    });
  };
  fs[`${name}Sync`] = (fd) => {
    const note = noteOf(fd);
    atOnce(fd);
    note();
  };
}
syncBuiltinESMExports();
