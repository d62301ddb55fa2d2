import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadOrCreateSecrets, makeSecrets } from '../../src/config/secrets.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'allot-secrets-'));
  file = join(folder, 'data', 'secrets.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the secrets file', () => {
  it('is made once, readable by its owner only, and read back the same', () => {
    const made = loadOrCreateSecrets(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(loadOrCreateSecrets(file)).toEqual(made);
    expect(readdirSync(join(folder, 'data'))).toEqual(['secrets.json']);
  });

  it('holds four different keys of 16 bytes', () => {
    const { drawKey, assignmentKey, pseudonymKey, idKeys } = makeSecrets();
    const keys = [drawKey, assignmentKey, pseudonymKey, ...idKeys.map(({ key }) => key)];
    expect(keys.map((key) => key.length)).toEqual([16, 16, 16, 16]);
    expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(4);
  });

  it('is refused when others may read it', () => {
    loadOrCreateSecrets(file);
    chmodSync(file, 0o640);
    expect(() => loadOrCreateSecrets(file)).toThrow(/chmod 600/);
  });

  it('is refused when it is cut, and what it holds is not repeated', () => {
    loadOrCreateSecrets(file);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.slice(0, 60));
    expect(() => loadOrCreateSecrets(file)).toThrow(/cannot be read as JSON/);
    expect(readFileSync(file, 'utf8')).toBe(text.slice(0, 60));
  });

  it('is refused when one key serves two purposes', () => {
    loadOrCreateSecrets(file);
    const secrets = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify({ ...secrets, drawKey: secrets['pseudonymKey'] }));
    expect(() => loadOrCreateSecrets(file)).toThrow(/two purposes/);
  });

  it('is refused when a key is missing, naming the field', () => {
    loadOrCreateSecrets(file);
    const { drawKey: _, ...rest } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify(rest));
    expect(() => loadOrCreateSecrets(file)).toThrow(/damaged at drawKey/);
  });
});
