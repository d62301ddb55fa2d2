import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
}).split('\n');
const files = tracked.filter((file) => file !== '' && existsSync(join(root, file)));
const pages = files.filter((file) => file.endsWith('.md'));
const textFiles = files.filter((file) =>
  /\.(ts|mjs|cjs|js|json|md|sql|ya?ml|html|css|sh)$|^\.ci\/run$|^\.npmrc$/.test(file),
);
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

describe('the pages', () => {
  it.each(pages)('%s links to files that exist', (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(
      ([, target]) => target ?? '',
    );
    const broken = links.filter((target) => !existsSync(join(root, dirname(page), target)));
    expect(broken).toEqual([]);
  });

  it('name only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    for (const page of pages) {
      const named = [...read(page).matchAll(/npm run (?:--silent )?([a-z][a-z:]*)/g)].map(
        ([, name]) => name ?? '',
      );
      for (const name of named) expect(Object.keys(scripts), `${page}: npm run ${name}`).toContain(name);
    }
  });

  it('list every decision record on the index page', () => {
    const index = read('docs/adr/README.md');
    const records = pages
      .filter((page) => /^docs\/adr\/\d{4}-/.test(page))
      .map((page) => page.split('/').at(-1) ?? '');
    expect(records.length).toBeGreaterThan(0);
    for (const record of records) expect(index).toContain(`(${record})`);
  });

  it.each(pages.filter((page) => /^docs\/adr\/\d{4}-/.test(page)))(
    '%s has background, decision and consequences',
    (page) => {
      const headings = [...read(page).matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
      expect(headings).toEqual(['Background', 'Decision', 'Consequences']);
    },
  );
});

describe('the repository', () => {
  it('holds no file above 450 lines, lock file, data and generated schemas aside', () => {
    const long = textFiles
      .filter(
        (file) =>
          !/package-lock\.json$|^migrations\/schema\.sql$|\.schema\.json$|^test\/fixtures\//.test(file),
      )
      .filter((file) => read(file).split('\n').length > 451);
    expect(long).toEqual([]);
  });

  it('names no address of a package registry in its lock file', () => {
    expect(read('package-lock.json')).not.toContain('"resolved"');
  });

  it('locks every package that a locked one may ask for, so that npm ci agrees on every platform', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>;
    };
    const missing = Object.values(packages)
      .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
      .filter((name) => !Object.keys(packages).some((path) => path.endsWith(`node_modules/${name}`)));
    expect(missing).toEqual([]);
  });

  it('names no folder of the machine it was written on', () => {
    const machine = new RegExp(`/(${['work', 'root'].join('|')})/`);
    const named = textFiles.filter((file) => machine.test(read(file)));
    expect(named).toEqual([]);
  });
});
