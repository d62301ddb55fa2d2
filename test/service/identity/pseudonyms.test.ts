import { spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { judgePseudonymKey } from '../../../src/service/identity/pseudonym-key.ts';
import {
  createPseudonyms,
  isPseudonym,
  pseudonymKeyFingerprint,
} from '../../../src/service/identity/pseudonyms.ts';

const key = Uint8Array.from({ length: 16 }, (_, i) => i);
const pseudonymOf = createPseudonyms(key);
const ids = ['u-1', 'person@example.com', '日本語 🎥', 'x'.repeat(256), 'pu1_9mq2XkYw0c3nB7sTfPz5Ld8e'];

describe('a pseudonym', () => {
  it('is the recipe of its page: a keyed hash over length-prefixed parts, cut to 144 bits', () => {
    const part = (text: string): Buffer => {
      const bytes = Buffer.from(text, 'utf8');
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return Buffer.concat([length, bytes]);
    };
    for (const id of ids) {
      const hmac = createHmac('sha256', key);
      for (const text of ['allot/pseudonym/v1', 'acme', id]) hmac.update(part(text));
      expect(pseudonymOf('acme', id)).toBe(`pu1_${hmac.digest().subarray(0, 18).toString('base64url')}`);
    }
  });

  it('keeps the value that it had: what is stored joins with what comes', () => {
    expect(pseudonymOf('acme', 'u-1')).toBe('pu1_4p3g0DPL0iDo630ASdSg_Os0');
  });

  it('is the same in another process, and safe in a URL', () => {
    const module = new URL('../../../src/service/identity/pseudonyms.ts', import.meta.url).href;
    const code = `import { createPseudonyms } from ${JSON.stringify(module)};
      const of = createPseudonyms(Uint8Array.from({ length: 16 }, (_, i) => i));
      console.log(JSON.stringify(${JSON.stringify(ids)}.map((id) => of('acme', id))));`;
    const child = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
      encoding: 'utf8',
    });
    const here = ids.map((id) => pseudonymOf('acme', id));
    expect(JSON.parse(child.stdout)).toEqual(here);
    for (const pseudonym of here) expect(encodeURIComponent(pseudonym)).toBe(pseudonym);
  });

  it('differs by tenant, by key and by where tenant ends and id begins', () => {
    const other = createPseudonyms(Uint8Array.from(key, (byte) => byte ^ 1));
    const names = [
      pseudonymOf('acme', 'u-1'),
      pseudonymOf('acm', 'eu-1'),
      pseudonymOf('other', 'u-1'),
      other('acme', 'u-1'),
    ];
    expect(new Set(names).size).toBe(4);
  });

  it('of many ids meets no other, and an id that looks like one gets one of its own', () => {
    const names = Array.from({ length: 20_000 }, (_, n) => pseudonymOf('acme', `u-${String(n)}`));
    expect(new Set(names).size).toBe(20_000);
    for (const name of names.slice(0, 50)) {
      expect(isPseudonym(name)).toBe(true);
      expect(pseudonymOf('acme', name)).not.toBe(name);
    }
    for (const id of ids.slice(0, 4)) expect(isPseudonym(id)).toBe(false);
  });
});

describe('the fingerprint of the pseudonym key', () => {
  it('tells keys apart and holds nothing of the key', () => {
    const print = pseudonymKeyFingerprint(key);
    expect(print).toMatch(/^[0-9a-f]{16}$/);
    expect(Buffer.from(key).toString('hex')).not.toContain(print);
    expect(pseudonymKeyFingerprint(Uint8Array.from(key, (byte) => byte ^ 1))).not.toBe(print);
  });
});

describe('a process that names units otherwise than what is stored', () => {
  const use = (fingerprint: string, lastUsedAt: number) => ({ fingerprint, firstUsedAt: 0, lastUsedAt });
  const judge = (current: string | null, uses: ReturnType<typeof use>[], hasDecisions = true) =>
    judgePseudonymKey(current, { uses, hasDecisions })?.found ?? null;

  it('is told so when the key changed, pseudonyms were switched off, or switched on over old rows', () => {
    expect(judge('new', [use('old', 5)])).toContain('another one (key old');
    expect(judge('old', [use('old', 5), use('new', 6)])).toContain('another one (key new');
    expect(judge(null, [use('old', 5)])).toContain('pseudonyms are off');
    expect(judge('new', [])).toContain('as they were sent');
  });

  it('is told nothing while nothing changed', () => {
    expect(judge(null, [])).toBeNull();
    expect(judge('new', [], false)).toBeNull();
    expect(judge('new', [use('new', 5)])).toBeNull();
    expect(judge('new', [use('new', 7), use('old', 5)])).toBeNull();
  });
});
