import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AllotError } from '../../../src/core/errors.ts';
import type { StudyRun } from '../study-run.ts';
import type { StudyTable } from '../study-table.ts';

/** A proof that the test suite carries: which files, and what they show. */
export interface TestProof {
  readonly title: string;
  readonly notes: readonly string[];
  /** Parts of paths; a file that contains one belongs to the proof. */
  readonly files: readonly string[];
}

export const testProofs: Readonly<Record<'laws' | 'goldens' | 'sequential' | 'traps', TestProof>> = {
  laws: {
    title: 'Laws',
    notes: [
      'Unbiasedness by enumeration, bounds, identity, merge, permutation, unit scaling, limits; formulas of intervals and sequences.',
    ],
    files: [
      'test/laws/ope',
      'test/laws/sequential',
      'test/core/ope/fixture',
      'test/core/ope/tuning',
      'test/core/ope/bootstrap',
      'test/core/ope/pooled',
      'test/core/ope-intervals/formulas',
      'test/core/ope-intervals/poisson',
      'test/core/ope-confseq/sequence-laws',
      'test/core/ope-distribution',
      'test/offline/ope-workers',
    ],
  },
  goldens: {
    title: 'Golden numbers of other implementations',
    notes: [
      'OBP 0.5.7, SCOPE-RL 0.2.1, VW estimators, confseq 0.0.11. Skipped where ../shared/golden is not there; the small vectors of our own ' +
        'making always run.',
    ],
    files: ['test/offline/ope-golden', 'vw-golden', 'confseq-golden', 'test/core/ope-sequential/golden'],
  },
  sequential: {
    title: 'Sequential estimators against exact values',
    notes: [
      'A small MDP solved by dynamic programming; fitted Q by expectation agrees, by argmax it must differ.',
    ],
    files: ['test/core/ope-sequential/', 'test/laws/sequential', 'test/offline/fitted-q'],
  },
  traps: {
    title: 'Traps',
    notes: [
      'Logs that must be refused or flagged with the right reason: in the engine, the command and the gate.',
    ],
    files: [
      'test/core/ope/traps',
      'test/core/ope/copies',
      'test/core/ope/gate',
      'ope-traps',
      'test/offline/ope-command',
    ],
  },
};

/** The part of vitest's JSON report that a table needs. */
interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly status: string;
    }[];
  }[];
}

/** Runs the tests of a proof and lists them; in the short form, by group. */
export async function testProof(proof: TestProof, study: StudyRun): Promise<StudyTable> {
  study.progress.step(proof.title);
  const { testResults } = await runVitest(proof.files);
  const tests = testResults.flatMap(({ assertionResults }) =>
    assertionResults.map(({ ancestorTitles, title, status }) => ({
      group: ancestorTitles.join(' › '),
      title,
      status,
    })),
  );
  const broken = testResults.filter(({ assertionResults }) => assertionResults.length === 0);
  const count = (list: readonly { status: string }[], status: string): number =>
    list.filter((test) => test.status === status).length;
  const failed = count(tests, 'failed') + broken.length;
  const groups = [...new Set(tests.map(({ group }) => group))];
  const grouped = groups.map((group) => {
    const own = tests.filter((test) => test.group === group);
    const skipped = own.length - count(own, 'passed') - count(own, 'failed');
    return [group, String(count(own, 'passed')), String(count(own, 'failed')), String(skipped)];
  });
  return {
    title: proof.title,
    notes: proof.notes,
    header: study.isShort ? ['what is shown', 'passed', 'failed', 'skipped'] : ['what is shown', 'result'],
    rows: study.isShort ? grouped : tests.map(({ group, title, status }) => [`${group} › ${title}`, status]),
    claims: [
      {
        claim: `all ${tests.length} tests pass (${count(tests, 'passed')} passed, ${failed} failed)`,
        holds: failed === 0 && count(tests, 'passed') > 0,
      },
    ],
  };
}

async function runVitest(files: readonly string[]): Promise<VitestReport> {
  const root = cloneRoot();
  const folder = mkdtempSync(join(tmpdir(), 'allot-study-'));
  const report = join(folder, 'report.json');
  try {
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const flags = ['run', '--root', root, '--reporter=json', `--outputFile=${report}`];
    await new Promise<void>((resolve, reject) => {
      const child = spawn(process.execPath, [vitest, ...flags, ...files], { stdio: ['ignore', 'ignore', 2] });
      child.on('error', reject);
      child.on('exit', () => resolve());
    });
    if (!existsSync(report)) throw new Error('vitest wrote no report');
    return JSON.parse(readFileSync(report, 'utf8')) as VitestReport;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The tests are in the repository, not in the package. */
function cloneRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'vitest.config.ts')) && existsSync(join(folder, 'test', 'laws')))
      return folder;
    if (dirname(folder) === folder) {
      throw new AllotError(
        'invalid_request',
        'this proof is a part of the test suite: run it in a clone of the repository',
      );
    }
  }
}
