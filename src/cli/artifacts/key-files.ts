import { generateKeyPairSync } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { AllotError } from '../../core/errors.ts';
import { artifactKeyId } from '../../service/registry/artifact-signatures.ts';

export interface KeyFiles {
  readonly keyId: string;
  readonly privateKey: string;
  readonly publicKey: string;
}

/** A new pair in `file` (mode 0600) and `file.pub`. A file that is there already stays as it is. */
export function makeKeyFiles(file: string): KeyFiles {
  const pair = generateKeyPairSync('ed25519');
  const publicKey = `${file}.pub`;
  write(file, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), 0o600);
  try {
    write(publicKey, pair.publicKey.export({ type: 'spki', format: 'pem' }), 0o644);
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  }
  return { keyId: artifactKeyId(pair.publicKey), privateKey: file, publicKey };
}

function write(file: string, pem: string | Buffer, mode: number): void {
  try {
    writeFileSync(file, pem, { mode, flag: 'wx' });
  } catch (cause) {
    const isThere = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    const rule = isThere ? 'is there already and is not overwritten' : 'cannot be written';
    throw new AllotError('invalid_request', `${file} ${rule}`, { cause });
  }
}
