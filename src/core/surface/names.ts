/** What a name is made of: it appears in URLs, metrics, file names and SQL parameters. */
export const NAME_RULE = 'is 1–64 letters, digits, "_", "-" or ".", starting with a letter or digit';

export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** True unless the name would collide with what every JavaScript object already has (`__proto__`, `constructor` …). */
export const isSafeName = (name: string): boolean => !(name in {}) && name !== 'prototype';

export const isName = (name: unknown): name is string =>
  typeof name === 'string' && NAME_PATTERN.test(name) && isSafeName(name);
