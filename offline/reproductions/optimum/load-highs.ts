import type { Highs } from 'highs';

let loading: Promise<Highs> | undefined;

/** The linear programming solver (HiGHS, WebAssembly), loaded when first asked for: only studies need it. */
export function loadHighs(): Promise<Highs> {
  // Its types are declared for CommonJS, where the default is a property of the default; what runs is the ES module.
  loading ??= import('highs').then(({ default: load }) => (load as unknown as typeof load.default)());
  return loading;
}
