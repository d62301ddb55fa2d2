import { afterEach, describe, expect, it } from 'vitest';
import { handleShutdown } from '../../src/observability/shutdown.ts';
import { silentLogger, type Logger } from '../../src/service/ports/logger.ts';

const before = { SIGTERM: process.listeners('SIGTERM'), SIGINT: process.listeners('SIGINT') };
afterEach(() => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    for (const listener of process.listeners(signal)) {
      if (!before[signal].includes(listener)) process.off(signal, listener);
    }
  }
});

describe('handleShutdown', () => {
  it('runs the steps once, the last registered first, on the first signal', async () => {
    const order: string[] = [];
    const shutdown = handleShutdown({ logger: silentLogger });
    shutdown.onStop('database', () => void order.push('database'));
    shutdown.onStop('server', () => void order.push('server'));
    process.emit('SIGTERM', 'SIGTERM');
    await shutdown.stopped;
    await shutdown.stop('again');
    expect(order).toEqual(['server', 'database']);
  });

  it('goes on when a step fails or hangs, and says which', async () => {
    const warnings: unknown[] = [];
    const logger: Logger = { ...silentLogger, warn: ({ step }) => void warnings.push(step) };
    const order: string[] = [];
    const shutdown = handleShutdown({ logger, patienceMs: 50 });
    shutdown.onStop('first', () => void order.push('first'));
    shutdown.onStop('failing', () => Promise.reject(new Error('no')));
    shutdown.onStop('hanging', () => new Promise(() => undefined));
    await shutdown.stop('test');
    expect(warnings).toEqual(['hanging', 'failing']);
    expect(order).toEqual(['first']);
  });

  it('runs a step at once that is registered after the signal, and waits for it', async () => {
    const order: string[] = [];
    const shutdown = handleShutdown({ logger: silentLogger });
    let goOn: () => void = () => undefined;
    shutdown.onStop('slow', () => new Promise<void>((resolve) => (goOn = resolve)));
    process.emit('SIGTERM', 'SIGTERM');
    expect(shutdown.signal.aborted).toBe(true);
    shutdown.onStop('late', async () => {
      await Promise.resolve();
      order.push('late');
    });
    goOn();
    await shutdown.stopped.then(() => order.push('stopped'));
    shutdown.onStop('too late', () => void order.push('too late'));
    expect(order).toEqual(['late', 'stopped', 'too late']);
  });

  it('waits for what must be written down, and gives the rest its least, when the total is used up', async () => {
    const warnings: unknown[] = [];
    const logger: Logger = { ...silentLogger, warn: ({ step }) => void warnings.push(step) };
    const order: string[] = [];
    const takes = (name: string, milliseconds: number) => async (): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      order.push(name);
    };
    const shutdown = handleShutdown({ logger, patienceMs: 60, totalMs: 60, leastMs: 50 });
    shutdown.onStop('database', takes('database', 1));
    shutdown.onStop('journal', takes('journal', 150), { patienceMs: Infinity });
    shutdown.onStop('transport', () => new Promise(() => undefined));
    await shutdown.stop('test');
    expect(warnings).toEqual(['transport']);
    expect(order).toEqual(['journal', 'database']);
  });

  it('leaves no signal handler behind', async () => {
    const shutdown = handleShutdown({ logger: silentLogger });
    expect(process.listeners('SIGINT').length).toBe(before.SIGINT.length + 1);
    await shutdown.stop('test');
    expect(process.listeners('SIGINT')).toEqual(before.SIGINT);
  });
});
