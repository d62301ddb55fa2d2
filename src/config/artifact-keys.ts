import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { AllotError } from '../core/errors.ts';
import type { ArtifactKeyFiles } from './config.ts';

const PUBLIC = 'ALLOT_ARTIFACT_PUBLIC_KEYS';
const PRIVATE = 'ALLOT_ARTIFACT_SIGNING_KEY';
const PUBLIC_BLOCK = /-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g;

/** The keys whose signatures count; null: artifacts need none. Refuses a file without a key, or with another kind of key. */
export function readTrustedKeys({ publicKeys }: ArtifactKeyFiles): readonly KeyObject[] | null {
  if (publicKeys === null) return null;
  const text = read(PUBLIC, publicKeys);
  if (text.includes('PRIVATE KEY')) {
    throw broken(PUBLIC, 'must not hold a private key: whoever reads it could sign');
  }
  const blocks = text.match(PUBLIC_BLOCK) ?? [];
  if (blocks.length === 0) throw broken(PUBLIC, 'must hold at least one PUBLIC KEY block');
  return blocks.map((block) => ed25519(PUBLIC, () => createPublicKey(block)));
}

/** The key that signs; null: nothing is signed. Refuses a file that others may read. */
export function readSigningKey({ signingKey }: ArtifactKeyFiles): KeyObject | null {
  if (signingKey === null) return null;
  const text = read(PRIVATE, signingKey);
  if (process.platform !== 'win32' && (statSync(signingKey).mode & 0o077) !== 0) {
    throw broken(PRIVATE, 'must be closed to others: run chmod 600 on the file');
  }
  return ed25519(PRIVATE, () => createPrivateKey(text));
}

/** Neither path nor content is in a refusal, and no cause: it would quote them. */
function read(setting: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw broken(setting, 'must be a file that can be read');
  }
}

function ed25519(setting: string, parse: () => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = parse();
  } catch {
    throw broken(setting, 'must be PEM without a passphrase');
  }
  if (key.asymmetricKeyType !== 'ed25519') throw broken(setting, 'must be of the kind Ed25519');
  return key;
}

const broken = (field: string, rule: string): AllotError =>
  new AllotError('config_invalid', `${field} ${rule}`, { violations: [{ field, rule }] });
