import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { AllotError } from '../core/errors.ts';

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
  idKeys: z.array(z.strictObject({ id: z.int().min(0).max(255), key: hexKey })).min(1),
});
type SecretsFile = z.infer<typeof secretsFile>;

/** Reads the secrets, or makes them once: two processes that start together end up with the same ones. */
export function loadOrCreateSecrets(file: string): Secrets {
  if (!exists(file)) create(file);
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

/** Written aside, then linked: `link` fails when the file is there already, so nobody's secrets are replaced. */
function create(file: string): void {
  const aside = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(aside, `${JSON.stringify(generate(), null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    chmodSync(aside, 0o600);
    linkSync(aside, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw new AllotError(
      'config_invalid',
      `the secrets file ${file} cannot be created: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  } finally {
    rmSync(aside, { force: true });
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
