/** True when the error has one of these codes (`ENOENT`, …): what the system under an adapter calls its refusals. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && codes.includes(code);
}
