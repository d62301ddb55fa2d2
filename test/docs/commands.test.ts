import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { commandTable } from '../../src/cli/command-table.ts';
import { createProgram } from '../../src/cli/program.ts';

const root = join(import.meta.dirname, '..', '..');
const pages = execFileSync('git', ['ls-files', 'README.md', 'CONTRIBUTING.md', 'docs/*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .trim()
  .split('\n');

/** Lines of code blocks, fenced or indented, with those that end in a backslash joined. */
function codeLines(markdown: string): string[] {
  let isFenced = false;
  const lines = markdown.replaceAll(/\\\n\s*/g, ' ').split('\n');
  return lines.filter((line) => {
    if (line.startsWith('```')) isFenced = !isFenced;
    return isFenced || line.startsWith('    ');
  });
}

/** The words behind `allot` of every call of it: npm's form, with settings before it, several in a line. */
function calls(markdown: string): string[][] {
  const calls = codeLines(markdown).flatMap((line) => (line.split(' #')[0] ?? '').split(/ && | \| /));
  return calls.flatMap((call) => {
    const match = /^\s*(?:\$ )?(?:[A-Z_]+=\S+ )*(?:npm run (?:-s |--silent )?allot --|allot) ([a-z].*)$/.exec(
      call,
    );
    return match?.[1] === undefined ? [] : [match[1].trim().split(/\s+/)];
  });
}

/** The command that the words lead to, sub-commands included. */
function commandOf(program: Command, words: readonly string[]): Command {
  const next = program.commands.find((command) => command.name() === words[0]);
  return next === undefined ? program : commandOf(next, words.slice(1));
}

describe('the commands on the pages', () => {
  it.each(pages)('%s: each exists, with the flags that are named', async (page) => {
    for (const words of calls(readFileSync(join(root, page), 'utf8'))) {
      const program = await createProgram(words);
      const command = commandOf(program, words);
      expect(command, words.join(' ')).not.toBe(program);
      const known = command.options.map(({ long }) => long);
      const flags = words.filter((word) => /^--[a-z]/.test(word)).map((word) => word.split('=')[0]);
      for (const flag of flags) expect([...known, '--help'], words.join(' ')).toContain(flag);
    }
  });

  it('are looked at: README.md has several', () => {
    expect(calls(readFileSync(join(root, 'README.md'), 'utf8')).length).toBeGreaterThan(8);
  });
});

describe('the help', () => {
  it.each(commandTable.map(({ name }) => name))('of allot %s names the exit codes', async (name) => {
    const command = commandOf(await createProgram([name]), [name]);
    let text = '';
    command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
    expect(text).toMatch(/exit codes?[ :]/i);
  });
});
