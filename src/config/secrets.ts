import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { hasCode } from '../core/error-code.ts';
import { AllotError } from '../core/errors.ts';
import { syncFolder } from '../disk/sync-folder.ts';

/**
 * Four different secrets, so that rotating one leaves the others alone. Rotating the pseudonym key breaks joins and
 * stickiness; rotating the draw key only ends bit-for-bit replay of older decisions; a retired id key stays in
 * `idKeys` (the first one mints) for as long as its feedback may arrive.
 */
export interface Secrets {
  readonly drawKey: Uint8Array;
  readonly assignmentKey: Uint8Array;
  readonly pseudonymKey: Uint8Array;
  readonly idKeys: readonly { readonly id: number; readonly key: Uint8Array }[];
}

const hexKey = z.string().regex(/^[0-9a-f]{32}$/);
const secretsFile = z.strictObject({
  version: z.literal(1),
  drawKey: hexKey,
  assignmentKey: hexKey,
  pseudonymKey: hexKey,
  idKeys: z.array(z.strictObject({ id: z.int().min(0).max(63), key: hexKey })).min(1),
});
type SecretsFile = z.infer<typeof secretsFile>;

/**
 * Reads the secrets, or makes them once: two processes that start together end up with the same ones.
 *
 * @param traceOfUse says what was made by secrets that must have been here; new ones would silently change every id, draw
 *   and pseudonym
 */
export function loadOrCreateSecrets(file: string, traceOfUse: () => string | null = () => null): Secrets {
  if (!exists(file)) createOnce(file, traceOfUse());
  refuseReadableByOthers(file);
  return decode(parse(file));
}

/** Secrets that live only as long as the process (tests, simulations). */
export const makeSecrets = (): Secrets => decode(generate());

function generate(): SecretsFile {
  const key = (): string => randomBytes(16).toString('hex');
  return {
    version: 1,
    drawKey: key(),
    assignmentKey: key(),
    pseudonymKey: key(),
    idKeys: [{ id: 1, key: key() }],
  };
}

function createOnce(file: string, trace: string | null): void {
  if (trace === null) create(file);
  // Else who made the trace may have made the secrets just before.
  else if (!exists(file))
    throw new AllotError(
      'config_invalid',
      `the secrets file ${file} is not there, but ${trace}: restore the file from a backup, or set ALLOT_SECRETS_FILE to ` +
        'where it is. New secrets change every id, draw and pseudonym; if that is meant, move the data directory away first',
    );
}

/** Written aside, then linked: `link` fails when the file is there already, so nobody's secrets are replaced. */
function create(file: string): void {
  const aside = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const made = mkdirSync(dirname(file), { recursive: true });
    writeAside(aside);
    linkSync(aside, file);
    syncFolders(dirname(resolve(file)), made === undefined ? null : resolve(made));
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return;
    throw new AllotError(
      'config_invalid',
      `the secrets file ${file} cannot be created: ${(error as Error).message}`,
      { cause: error },
    );
  } finally {
    rmSync(aside, { force: true });
  }
}

/** On the disk before anything is decided by it: after a power cut it could not be made again. */
function writeAside(path: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, `${JSON.stringify(generate(), null, 2)}\n`);
    fchmodSync(file, 0o600);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The name in its folder, and the names of the folders that were made for it, from `made` down. */
function syncFolders(folder: string, made: string | null): void {
  for (let at = folder; ; at = dirname(at)) {
    syncFolder(at);
    if (made === null || at === dirname(made)) return;
  }
}

function refuseReadableByOthers(file: string): void {
  if (process.platform === 'win32') return;
  if ((statSync(file).mode & 0o077) !== 0) {
    throw new AllotError('config_invalid', `the secrets file ${file} is open to others: run chmod 600 on it`);
  }
}

function parse(file: string): SecretsFile {
  const refusal = (rule: string): AllotError =>
    new AllotError('config_invalid', `the secrets file ${file} ${rule}; restore it from a backup`);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // The cause is left out on purpose: V8 quotes the text it could not parse.
    throw refusal('cannot be read as JSON');
  }
  const parsed = secretsFile.safeParse(json);
  if (!parsed.success)
    throw refusal(`is damaged at ${parsed.error.issues.map((i) => i.path.join('.')).join(', ')}`);
  const { drawKey, assignmentKey, pseudonymKey, idKeys } = parsed.data;
  const all = [drawKey, assignmentKey, pseudonymKey, ...idKeys.map(({ key }) => key)];
  if (new Set(all).size !== all.length) throw refusal('uses one secret for two purposes');
  if (new Set(idKeys.map(({ id }) => id)).size !== idKeys.length)
    throw refusal('numbers two id keys the same');
  return parsed.data;
}

function decode(secrets: SecretsFile): Secrets {
  const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
  return {
    drawKey: bytes(secrets.drawKey),
    assignmentKey: bytes(secrets.assignmentKey),
    pseudonymKey: bytes(secrets.pseudonymKey),
    idKeys: secrets.idKeys.map(({ id, key }) => ({ id, key: bytes(key) })),
  };
}

function exists(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}
