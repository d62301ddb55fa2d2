import { expect, it } from 'vitest';
import { demoPlace } from '../../../src/cli/demo/demo-config.ts';
import { readConfig } from '../../../src/config/env.ts';

it('only the demo, on loopback, opens its pages by the link that it prints', () => {
  const config = readConfig({ ALLOT_HOST: '0.0.0.0' });
  expect(config.http.pages).toEqual({ isDemo: false, hasSecureCookies: true });
  const options = { exit: true, json: false, units: 1, seed: 1, port: 0, dataDir: 'demo', keep: true };
  const { http } = demoPlace(config, options).config;
  expect(http).toMatchObject({ host: '127.0.0.1', pages: { isDemo: true } });
  expect(readConfig({ ALLOT_SECURE_COOKIES: 'false' }).http.pages.hasSecureCookies).toBe(false);
});
