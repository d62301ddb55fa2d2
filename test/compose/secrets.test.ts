import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { secretsOf } from '../../src/compose/secrets.ts';
import { readConfig } from '../../src/config/env.ts';
import { createLastGoodCopy } from '../../src/disk/last-good-copy.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { decisionEvent } from '../support/events.ts';

let dataDir: string;
beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'allot-secrets-'))));
afterEach(() => rmSync(dataDir, { recursive: true }));

const configOf = (more: Record<string, string> = {}) => readConfig({ ALLOT_DATA_DIR: dataDir, ...more });

describe('the secrets of an installation', () => {
  it('are made in a data directory that is empty, not there yet, or holds an empty journal', async () => {
    secretsOf(configOf());
    expect(existsSync(join(dataDir, 'secrets.json'))).toBe(true);
    secretsOf(readConfig({ ALLOT_DATA_DIR: join(dataDir, 'new') }));

    const beside = join(dataDir, 'beside');
    const journal = await openJournal(readConfig({ ALLOT_DATA_DIR: beside }).journal);
    secretsOf(readConfig({ ALLOT_DATA_DIR: beside }));
    await journal.close();
  });

  it('are not made anew beside a journal that holds records', async () => {
    const config = configOf();
    const made = secretsOf(config);
    const journal = await openJournal(config.journal);
    journal.append(decisionEvent(1));
    await journal.close();
    rmSync(config.secretsFile);
    expect(() => secretsOf(config)).toThrow(/secrets\.json .*journal.* holds records.*restore/s);
    expect(existsSync(config.secretsFile)).toBe(false);
    expect(() => secretsOf(configOf({ ALLOT_SECRETS_FILE: join(dataDir, 'other.json') }))).toThrow(/restore/);
    expect(made.idKeys).toHaveLength(1);
  });

  it('are not made anew beside what a journal set aside, or adopted', () => {
    const config = configOf();
    const adopted = join(config.journal.directory, 'one', 'adopted', 'two');
    mkdirSync(adopted, { recursive: true });
    const segment = join(adopted, '00000000000000000001.seg');
    writeFileSync(segment, 'x');
    expect(() => secretsOf(config)).toThrow(/holds records/);
    mkdirSync(join(config.journal.directory, 'damaged'));
    renameSync(segment, join(config.journal.directory, 'damaged', 'two.damaged'));
    expect(() => secretsOf(config)).toThrow(/holds records/);
  });

  it('are not made anew beside a last good copy, nor the one before it', async () => {
    const config = configOf();
    const state = { revision: 1, surfaces: [], keys: [] };
    await createLastGoodCopy(dataDir).save(state, new Map());
    expect(() => secretsOf(config)).toThrow(/last-good-control\.bin.*restore/s);
    const file = join(dataDir, 'last-good-control.bin');
    renameSync(file, `${file}.previous`);
    expect(() => secretsOf(config)).toThrow(/last-good-control\.bin.*restore/s);
  });

  it('that another container shares are read, whatever the own data directory holds', async () => {
    const shared = join(dataDir, 'shared', 'secrets.json');
    const first = secretsOf(
      readConfig({ ALLOT_DATA_DIR: join(dataDir, 'first'), ALLOT_SECRETS_FILE: shared }),
    );
    const config = configOf({ ALLOT_SECRETS_FILE: shared });
    const journal = await openJournal(config.journal);
    journal.append(decisionEvent(1));
    await journal.close();
    expect(secretsOf(config)).toEqual(first);
  });
});
