import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '../../api/app.ts';
import { listen, type ApiWorld } from '../support/api-world.ts';
import { httpContract } from './http.ts';

const decision = (_: ApiWorld, suffix: string) => ({
  requestId: `r-${suffix}`,
  surface: 'live-feed',
  unitId: 'u-1',
  features: { hour: 1 },
});

const exposure = (world: ApiWorld, suffix: string) => ({
  eventId: `e-${suffix}`,
  decisionId: world.serving.ids.mint({
    timeMs: Date.now(),
    tenant: 'acme',
    surface: 'live-feed',
    random: new Uint8Array(8),
  }),
});

/** Express alone, without the bare handler in front. */
async function listenExpress({ services }: ApiWorld): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(createApp(services));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

httpContract('decisions through the bare handler', {
  start: ({ services }) => listen(services),
  path: '/v1/decisions',
  validBody: decision,
  successStatus: 200,
});

httpContract('decisions through Express', {
  start: listenExpress,
  path: '/v1/decisions',
  validBody: decision,
  successStatus: 200,
});

httpContract('exposures through Express behind the bare handler', {
  start: ({ services }) => listen(services),
  path: '/v1/exposures',
  validBody: exposure,
  successStatus: 202,
});
