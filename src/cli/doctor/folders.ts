import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { AllotConfig } from '../../config/config.ts';
import { bytesUnder } from '../../journal/folders-under.ts';
import { isTornTail, namesUnder } from '../../journal/set-aside.ts';
import { type Finding, failure, ok, reasonOf, warning } from './finding.ts';

const MEBIBYTE = 1024 * 1024;
const SCARCE_MEBIBYTES = 1024;
/** Of `maxBytes`: beyond it whoever feeds from the journal has been away for long. */
const FULL = 0.5;

/** The folder, or the nearest parent that exists, must be writable and not nearly full. */
export function checkDataDir(dataDir: string): Finding {
  const place = placeOf(dataDir);
  if (!place.isWritable)
    return failure('data directory', `${place.folder} is not writable`, 'chown it, or set ALLOT_DATA_DIR');
  return place.freeMebibytes < SCARCE_MEBIBYTES
    ? warning(
        'data directory',
        `${dataDir}: ${String(place.freeMebibytes)} MiB free`,
        'free some space: a full journal serves safe actions',
      )
    : ok('data directory', `${dataDir} (${String(place.freeMebibytes)} MiB free)`);
}

/** May it be written, has it room for what it may become, is it being emptied, has any of it been damaged? */
export function checkJournal({ sync, directory, maxBytes }: AllotConfig['journal']): Finding {
  const loss =
    sync === 'commit'
      ? 'nothing'
      : 'what was accepted since the last finished fdatasync (one begins every 20 ms)';
  const described = `${directory}, sync ${sync}: a power cut loses ${loss}`;
  try {
    const place = placeOf(directory);
    if (!place.isWritable)
      return failure('journal', `${place.folder} is not writable`, 'chown it, or set ALLOT_JOURNAL_DIR');
    const bytes = bytesUnder(directory);
    // A torn tail is what a kill leaves.
    const damaged = namesUnder(directory).filter((name) => !isTornTail(name)).length;
    if (damaged > 0)
      return warning(
        'journal',
        `${described}; ${String(damaged)} segments with damaged records were set aside`,
        'check the disk; `allot journal list` says what is missing, `recover` hands on what can be read, `purge` removes them',
      );
    if (bytes > FULL * maxBytes)
      return warning(
        'journal',
        `${described}; ${percent(bytes / maxBytes)} full`,
        'start ingest, the broker or PostgreSQL: a full journal serves safe actions',
      );
    const missing = maxBytes - bytes - place.freeMebibytes * MEBIBYTE;
    if (missing > 0)
      return warning(
        'journal',
        `${described}; it may grow to ${mebibytes(maxBytes)}, the disk has ${String(place.freeMebibytes)} MiB`,
        'free some space, or lower ALLOT_JOURNAL_MAX_BYTES: the disk fills up before the journal refuses records',
      );
    return ok('journal', `${described}; ${mebibytes(bytes)} of ${mebibytes(maxBytes)} used`);
  } catch (error) {
    return failure(
      'journal',
      reasonOf(error),
      'make the folder readable by this user, or set ALLOT_JOURNAL_DIR',
    );
  }
}

const percent = (share: number): string => `${String(Math.round(share * 100))} %`;
const mebibytes = (bytes: number): string => `${String(Math.ceil(bytes / MEBIBYTE))} MiB`;

/** Where the folder is or would be made. */
function placeOf(wanted: string) {
  let folder = wanted;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  const { bavail, bsize } = statfsSync(folder);
  return { folder, isWritable: isWritable(folder), freeMebibytes: Math.round((bavail * bsize) / MEBIBYTE) };
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return statSync(folder).isDirectory();
  } catch {
    return false;
  }
}
