import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';

/**
 * Closes a run with one plain line, "N passed, N failed, N skipped", and before it every skipped test or suite: its
 * title carries the reason. What did not run must be seen, not counted away.
 */
export default class ClosingLine implements Reporter {
  #lines: string[] = [];

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandled.length, skipped: 0 };
    const skipped: string[] = [];
    for (const module of modules) {
      const failedBefore = count.failed;
      for (const test of module.children.allTests()) count[stateOf(test)] += 1;
      // A file that could not be loaded, or one of whose hooks failed, need not hold a failed test of its own.
      if (module.state() === 'failed' && count.failed === failedBefore) count.failed += 1;
      skipped.push(...skippedIn(module));
    }
    if (skipped.length > 0) this.#lines.push('Skipped, with the reason:', ...skipped.map((s) => `  - ${s}`));
    this.#lines.push(
      `${String(count.passed)} passed, ${String(count.failed)} failed, ${String(count.skipped)} skipped`,
    );
    // After everything that other reporters still print.
    process.once('exit', () => process.stdout.write(`\n${this.#lines.join('\n')}\n`));
  }
}

function stateOf(test: TestCase): 'passed' | 'failed' | 'skipped' {
  const { state } = test.result();
  return state === 'pending' ? 'skipped' : state;
}

/** The outermost suite of which nothing ran, else the single test. */
function skippedIn(module: TestModule): string[] {
  const found: string[] = [];
  const visit = (node: TestModule | TestSuite): void => {
    for (const child of node.children) {
      if (child.type === 'suite' && !isSkipped(child)) visit(child);
      else if (isSkipped(child)) found.push(`${module.relativeModuleId}: ${child.fullName}`);
    }
  };
  visit(module);
  return found;
}

function isSkipped(node: TestCase | TestSuite): boolean {
  if (node.type === 'test') return stateOf(node) === 'skipped';
  const tests = [...node.children.allTests()];
  return tests.length > 0 && tests.every((test) => stateOf(test) === 'skipped');
}
