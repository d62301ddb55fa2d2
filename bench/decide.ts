import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import autocannon from 'autocannon';
import express from 'express';
import { startDecider } from './support/decider.ts';
import { Command } from 'commander';
import { positive, positiveInteger } from '../src/cli/parse-numbers.ts';
import { median, round } from './support/figures.ts';

/**
 * `POST /v1/decisions` against a JSON echo of the same body on bare node:http and on Express 5, in one run: 20 features, a
 * 64-64 policy, API key, validation, an experiment, journal and metrics on. The load comes from a thread of its own; both
 * share the machine, so only the ratios mean something.
 *
 *     npx tsx bench/decide.ts [--seconds 4] [--rounds 3] [--json]
 */
interface Flags {
  readonly seconds: number;
  readonly rounds: number;
  readonly json: boolean;
}

const flags = new Command()
  .description('decisions over HTTP against JSON echoes, in one run')
  .option('--seconds <s>', 'of each measurement', positive, 4)
  .option('--rounds <n>', 'that count; one more warms up', positiveInteger, 3)
  .option('--json', 'one object on standard output', false)
  .parse()
  .opts<Flags>();

interface Contender {
  readonly name: string;
  readonly url: string;
  readonly body: string;
  readonly headers: Record<string, string>;
  /** Decisions in one request. */
  readonly each: number;
}

interface Measured {
  readonly perSecond: number;
  /** CPU time of the serving thread per request; null where the system does not tell. */
  readonly cpuUs: number | null;
  readonly p50Us: number;
  readonly p99Us: number;
}

const json = { 'content-type': 'application/json' };
const BATCH = 100;

async function main(): Promise<void> {
  const decider = await startDecider();
  const bare = await listen(bareEcho());
  const express5 = await listen(createHttpServer(expressEcho()));
  const headers = { ...json, authorization: `Bearer ${decider.key}` };
  const body = decider.body('[<id>]');
  // `[<id>]` is filled in by autocannon once per request, so a batch makes its hundred ids from that one.
  const requests = Array.from({ length: BATCH }, (_, i) => decider.body(`[<id>]-${String(i)}`));
  const contenders: Contender[] = [
    { name: 'Express 5 JSON echo', url: express5.url, body, headers: json, each: 1 },
    { name: 'node:http JSON echo', url: bare.url, body, headers: json, each: 1 },
    { name: 'POST /v1/decisions', url: `${decider.url}/v1/decisions`, body, headers, each: 1 },
    {
      name: `:batch of ${String(BATCH)}`,
      url: `${decider.url}/v1/decisions:batch`,
      body: `{"requests":[${requests.join(',')}]}`,
      headers,
      each: BATCH,
    },
  ];
  try {
    report(await measureAll(contenders, 32), await measureAll(contenders.slice(0, 3), 1));
  } finally {
    for (const server of [bare.server, express5.server]) server.closeAllConnections();
    bare.server.close();
    express5.server.close();
    await decider.stop();
  }
}

/** Rounds go through all contenders, so that a slow minute of the machine hits all of them; the first is warm-up. */
async function measureAll(
  contenders: readonly Contender[],
  connections: number,
): Promise<Map<string, Measured[]>> {
  const measured = new Map<string, Measured[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round <= flags.rounds; round += 1) {
    for (const contender of contenders) {
      const result = await measure(contender, connections, round === 0 ? 1 : flags.seconds);
      if (round > 0) measured.get(contender.name)?.push(result);
    }
  }
  return measured;
}

async function measure(contender: Contender, connections: number, seconds: number): Promise<Measured> {
  const { url, body, headers, each } = contender;
  const cpuBefore = cpuOfThisThread();
  const result = await autocannon({
    url,
    method: 'POST',
    body,
    headers,
    connections,
    duration: seconds,
    workers: 1,
    idReplacement: true,
  });
  const answered = result['2xx'];
  if (result.errors + result.non2xx > 0) {
    throw new Error(`${contender.name}: ${String(result.errors)} errors, ${String(result.non2xx)} refusals`);
  }
  return {
    perSecond: (answered * each) / result.duration,
    cpuUs: cpuBefore === null ? null : ((cpuOfThisThread() ?? 0) - cpuBefore) / answered,
    p50Us: result.latency.p50 * 1000,
    p99Us: result.latency.p99 * 1000,
  };
}

/** µs that the main thread has run, from Linux; the load generator has a thread of its own. */
function cpuOfThisThread(): number | null {
  try {
    const [nanoseconds] = readFileSync(`/proc/self/task/${String(process.pid)}/schedstat`, 'utf8').split(' ');
    return Number(nanoseconds) / 1000;
  } catch {
    return null;
  }
}

function report(throughput: Map<string, Measured[]>, latency: Map<string, Measured[]>): void {
  const echo = median((throughput.get('node:http JSON echo') ?? []).map((m) => m.perSecond));
  const express5 = median((throughput.get('Express 5 JSON echo') ?? []).map((m) => m.perSecond));
  const rows = [...throughput].map(([name, rounds]) => {
    const rates = rounds.map((m) => m.perSecond);
    const alone = latency.get(name) ?? [];
    return {
      name,
      perSecond: Math.round(median(rates)),
      spread: [Math.round(Math.min(...rates)), Math.round(Math.max(...rates))],
      toExpressEcho: round(median(rates) / express5),
      toBareEcho: round(median(rates) / echo),
      cpuUs: cpuOf(rounds),
      p99Ms: round(median(rounds.map((m) => m.p99Us)) / 1000),
      oneConnectionPerSecond: alone.length === 0 ? null : Math.round(median(alone.map((m) => m.perSecond))),
    };
  });
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ node: process.version, connections: 32, rows })}\n`);
    return;
  }
  process.stdout.write(
    '32 connections; medians of the counted rounds. Bars: ≥ 3 × Express echo, ≥ 0.75 × bare echo.\n',
  );
  console.table(
    Object.fromEntries(
      rows.map(({ name, spread, ...row }) => [name, { ...row, spread: spread.map(String).join(' … ') }]),
    ),
  );
}

function cpuOf(rounds: readonly Measured[]): number | null {
  const known = rounds.flatMap(({ cpuUs }) => (cpuUs === null ? [] : [cpuUs]));
  return known.length === 0 ? null : round(median(known));
}

function bareEcho(): Server {
  return createHttpServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const answer = Buffer.from(JSON.stringify(JSON.parse(Buffer.concat(chunks).toString('utf8'))));
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length });
      response.end(answer);
    });
  });
}

function expressEcho(): express.Express {
  const app = express();
  app.use(express.json());
  app.post('/', (request, response) => {
    response.json(request.body);
  });
  return app;
}

async function listen(server: Server): Promise<{ url: string; server: Server }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`, server };
}

await main();
