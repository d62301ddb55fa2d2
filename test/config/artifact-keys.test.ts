import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeKeyFiles } from '../../src/cli/artifacts/key-files.ts';
import { artifactKeys } from '../../src/compose/artifact-keys.ts';
import { childEnvironment, readConfig } from '../../src/config/env.ts';
import { AllotError } from '../../src/core/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'allot-artifact-keys-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PUBLIC = 'ALLOT_ARTIFACT_PUBLIC_KEYS';
const PRIVATE = 'ALLOT_ARTIFACT_SIGNING_KEY';
const pem = (name: string): string => readFileSync(join(folder, name), 'utf8');
function file(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}
const first = makeKeyFiles(join(folder, 'first.pem'));
const second = makeKeyFiles(join(folder, 'second.pem'));
const hash = 'ab'.repeat(32);

describe('the key files of artifacts', () => {
  it('a pair that was made signs and is trusted; the private half is closed to others', () => {
    const { trust, signer } = artifactKeys(
      readConfig({ [PUBLIC]: first.publicKey, [PRIVATE]: first.privateKey }),
    );
    expect(signer?.keyId).toBe(first.keyId);
    expect(trust?.signedBy(hash, [signer!.sign(hash)])).toBe(first.keyId);
    expect(statSync(first.privateKey).mode & 0o777).toBe(0o600);
  });

  it('a file of public keys may hold several, with words around them', () => {
    const both = file('both.pub', `# since May\n${pem('first.pem.pub')}\n# new\n${pem('second.pem.pub')}`);
    const { trust } = artifactKeys(readConfig({ [PUBLIC]: both }));
    for (const { privateKey, keyId } of [first, second]) {
      const { signer } = artifactKeys(readConfig({ [PRIVATE]: privateKey }));
      expect(trust?.signedBy(hash, [signer!.sign(hash)])).toBe(keyId);
    }
  });

  it('nothing is asked and nothing is signed without the settings', () => {
    expect(artifactKeys(readConfig({}))).toEqual({ trust: undefined, signer: undefined });
  });

  it('a file that is there is not overwritten', () => {
    const before = pem('first.pem');
    expect(() => makeKeyFiles(join(folder, 'first.pem'))).toThrow('not overwritten');
    expect(pem('first.pem')).toBe(before);
  });

  it('jobs in child processes get both settings', () => {
    const config = readConfig({ [PUBLIC]: first.publicKey, [PRIVATE]: first.privateKey });
    expect(childEnvironment(config, 'postgres://x', {})).toMatchObject({
      [PUBLIC]: first.publicKey,
      [PRIVATE]: first.privateKey,
      ALLOT_PSEUDONYMOUS_UNITS: 'false',
    });
    expect(readConfig(childEnvironment(config, 'postgres://x', {})).artifacts).toEqual(config.artifacts);
  });

  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const rsaPublic = rsa.publicKey.export({ type: 'spki', format: 'pem' }) as string;
  const rsaPrivate = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  it.each([
    [PUBLIC, join(folder, 'hush-hush.pub'), 'a file that can be read'],
    [PUBLIC, file('empty.pub', 'hush-hush'), 'at least one PUBLIC KEY block'],
    [PUBLIC, file('torn.pub', pem('first.pem.pub').replace('MC', 'XX')), 'PEM'],
    [PUBLIC, file('rsa.pub', rsaPublic), 'Ed25519'],
    [PUBLIC, first.privateKey, 'must not hold a private key'],
    [PRIVATE, join(folder, 'hush-hush.pem'), 'a file that can be read'],
    [PRIVATE, file('open.pem', pem('first.pem'), 0o644), 'chmod 600'],
    [PRIVATE, file('torn.pem', 'hush-hush'), 'PEM'],
    [PRIVATE, file('rsa.pem', rsaPrivate), 'Ed25519'],
  ])('refuses %s=%s, naming setting and rule, never path or content', (setting, path, rule) => {
    let refusal: unknown;
    try {
      artifactKeys(readConfig({ [setting]: path }));
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(AllotError);
    expect(refusal).toMatchObject({ code: 'config_invalid', violations: [{ field: setting }] });
    const { message, cause } = refusal as AllotError;
    expect(message).toContain(rule);
    expect(message).not.toContain(folder);
    expect(message).not.toContain('hush-hush');
    expect(cause).toBeUndefined();
  });
});
