// Preloaded into Allot: after each fdatasync it notes how far that file is on the disk for sure. A line per call in
// FAULTS_SYNC_LOG: {"path", "bytes"}. What a power cut leaves at worst is every file cut there.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const log = process.env.FAULTS_SYNC_LOG;
const { fdatasync, fdatasyncSync } = fs;

/** What is in the file when the call begins is what the call promises. */
function noteOf(fd) {
  const path = fs.readlinkSync(`/proc/self/fd/${fd}`);
  const bytes = fs.fstatSync(fd).size;
  return () => fs.appendFileSync(log, `${JSON.stringify({ path, bytes })}\n`);
}

fs.fdatasync = (fd, callback) => {
  const note = noteOf(fd);
  fdatasync(fd, (error) => {
    if (error === null) note();
    callback(error);
  });
};
fs.fdatasyncSync = (fd) => {
  const note = noteOf(fd);
  fdatasyncSync(fd);
  note();
};
syncBuiltinESMExports();
