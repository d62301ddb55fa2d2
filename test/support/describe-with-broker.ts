import { afterAll, beforeAll, describe } from 'vitest';
import { startBroker, type TestBroker, whyNoBroker } from './kafka.ts';

/** Tests that share a real broker of their own; skipped, with the reason in the title, where none can be started. */
export function describeWithBroker(title: string, body: (broker: () => TestBroker) => void): void {
  const why = whyNoBroker();
  describe.skipIf(why !== null)(why === null ? title : `${title} (skipped: ${why})`, () => {
    let broker: TestBroker;
    beforeAll(async () => {
      broker = await startBroker();
    }, 120_000);
    afterAll(() => broker.stop());
    body(() => broker);
  });
}
