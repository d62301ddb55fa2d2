import { hideInText } from '../../observability/hide-secrets.ts';

/** What one check saw. `advice` says what to do; a warning leaves the installation usable. */
export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'failure';
  readonly found: string;
  readonly advice: string | null;
}

export const ok = (check: string, found: string): Finding => ({ check, state: 'ok', found, advice: null });
export const warning = (check: string, found: string, advice: string): Finding => ({
  check,
  state: 'warning',
  found,
  advice,
});
export const failure = (check: string, found: string, advice: string): Finding => ({
  check,
  state: 'failure',
  found,
  advice,
});

/** Drivers put the address, password included, into what they say. */
export const reasonOf = (error: unknown): string =>
  hideInText(error instanceof Error ? error.message : String(error));
