import { violation } from '../check.ts';
import type { Violation } from '../errors.ts';

/** Collects broken rules while a declaration is read. */
export class Violations {
  readonly list: Violation[] = [];

  need(holds: boolean, field: string, rule: string, value?: unknown): void {
    if (!holds) this.list.push(violation(field, rule, value));
  }

  /** Names within one list must differ. */
  needDistinct(names: readonly string[], field: string): void {
    const seen = new Set<string>();
    for (const name of names) {
      this.need(!seen.has(name), field, 'has distinct names', name);
      seen.add(name);
    }
  }
}
