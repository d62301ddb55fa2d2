// node scripts/check-compose.mjs [FOLDER]: does compose.yaml work, as far as that can be told without containers?
// Every command of the file runs as a process of this machine, from a production install (FOLDER holds `dist` and finds its
// dependencies; without it, one is made as `npm install` of the package makes it), with the environment of the file and of the
// Dockerfile and nothing else, in the declared order. Volumes become folders, ports become free ones, the PostgreSQL is the
// embedded one and the broker that of scripts/kafka-broker.sh. Then a key, a surface, a decision and an exposure, until they are
// stored; then SIGTERM, within `stop_grace_period`. Not told here: images, file systems that are read-only, users, networks.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, extname, join, relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parse } from 'yaml';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const say = (text) => process.stderr.write(`${text}\n`);
for (const tool of ['java', 'mvn']) {
  if (spawnSync(tool, ['-version'], { stdio: 'ignore' }).status !== 0) {
    say(`compose.yaml NOT CHECKED: no ${tool} here, so there is no broker`);
    process.exit(0);
  }
}

const composeText = readFileSync(join(root, 'compose.yaml'), 'utf8');
const { services } = parse(composeText, { merge: true });
const image = readDockerfile(readFileSync(join(root, 'Dockerfile'), 'utf8'));
const work = mkdtempSync(join(tmpdir(), 'allot-compose-'));
const stops = [];
const running = new Map();
const ports = new Map();
const app = process.argv[2] === undefined ? install() : resolve(process.argv[2]);

try {
  checkImage();
  const addresses = await startBackends();
  for (const name of inOrder()) await start(name, addresses);
  await useIt(addresses);
  await stopAll();
  say('compose.yaml: every command of it works, in its order, and stops in time');
} catch (error) {
  for (const [name, { output }] of running) say(`--- ${name} said:\n${output.join('').slice(-2000)}`);
  say(`compose.yaml: ${error.message}`);
  process.exitCode = 1;
} finally {
  for (const { child } of running.values()) child.kill('SIGKILL');
  for (const stop of stops.reverse()) await stop();
  rmSync(work, { recursive: true, force: true });
}

/** As someone who installs the package: packed, without development dependencies. */
function install() {
  run('npm', ['pack', '--silent', '--pack-destination', work], root);
  const folder = join(work, 'app');
  mkdirSync(folder);
  run('npm', ['init', '-y'], folder);
  const [tarball] = readdirSync(work).filter((name) => name.endsWith('.tgz'));
  run('npm', ['install', '--omit=dev', '--no-audit', '--no-fund', join(work, tarball)], folder);
  return join(folder, 'node_modules', 'allot');
}

function run(command, args, cwd) {
  const { status, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}

function readDockerfile(text) {
  const lines = text.split('\n');
  const last = lines.findLastIndex((line) => line.startsWith('FROM '));
  const of = (instruction) =>
    lines
      .slice(last)
      .filter((line) => line.startsWith(`${instruction} `))
      .map((line) => line.slice(instruction.length + 1));
  const environment = Object.fromEntries(
    of('ENV').flatMap((line) => line.split(' ').map((pair) => pair.split('='))),
  );
  const copied = of('COPY').flatMap((line) => line.match(/--from=build \/app\/(\S+)/)?.[1] ?? []);
  return {
    environment,
    copied,
    entrypoint: JSON.parse(of('ENTRYPOINT')[0]),
    command: JSON.parse(of('CMD')[0]),
  };
}

/** What the image copies is what runs here, and the build has left nothing of the sources behind. */
function checkImage() {
  if (image.entrypoint.join(' ') !== 'node') throw new Error('the ENTRYPOINT of the Dockerfile is not node');
  const known = new Set(['node_modules', 'dist', 'package.json']);
  for (const path of image.copied)
    if (!known.has(path)) throw new Error(`the image copies ${path}, which nobody builds`);
  const wanted = [
    image.command[0],
    ...readdirSync(join(root, 'migrations')).map((name) => `dist/migrations/${name}`),
  ];
  const notCode = ['.wasm', '.css', '.html', '.svg', '.sql', '.json', '.js'];
  for (const folder of ['api', 'offline', 'src'])
    for (const file of readdirSync(join(root, folder), { recursive: true }))
      if (notCode.includes(extname(file))) wanted.push(`dist/${folder}/${file}`);
  for (const path of wanted) if (!existsSync(join(app, path))) throw new Error(`${path} is not in the build`);
}

async function startBackends() {
  const { startEmbeddedPostgres } = await import(
    pathToFileURL(join(app, 'dist/src/postgres/embedded/supervisor.js'))
  );
  const postgres = await startEmbeddedPostgres({ directory: join(work, 'postgres'), isDurable: false });
  stops.push(() => postgres.stop());
  const broker = join(root, 'scripts', 'kafka-broker.sh');
  const environment = {
    ...process.env,
    KAFKA_PORT: String(await freePort()),
    KAFKA_CPORT: String(await freePort()),
    KAFKA_RUN: join(work, 'kafka'),
    KAFKA_VERSION: '3.9.2',
  };
  const options = { env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  stops.push(() => spawnSync('bash', [broker, 'stop'], options));
  const { status, stdout } = spawnSync('bash', [broker, 'start'], options);
  if (status !== 0) throw new Error('the broker did not start');
  return { 'postgres:5432': postgres.url, 'kafka:9092': stdout.trim().split('\n').at(-1) };
}

/** Whom a service depends on comes first. */
function inOrder() {
  const order = [];
  const visit = (name) => {
    if (order.includes(name)) return;
    for (const other of Object.keys(services[name].depends_on ?? {})) visit(other);
    order.push(name);
  };
  for (const name of Object.keys(services)) visit(name);
  return order;
}

async function start(name, addresses) {
  const service = services[name];
  for (const [other, { condition }] of Object.entries(service.depends_on ?? {}))
    await waitFor(other, condition);
  // The two that are not ours run already; the folders are made as they are needed.
  if (service.command === undefined) return;
  say(`${name}: node ${service.command.join(' ')}`);
  running.set(name, launch(service.command, await localEnvironment(name, service, addresses)));
}

async function waitFor(name, condition) {
  const one = running.get(name);
  if (one === undefined || condition === 'service_started') return;
  if (condition === 'service_healthy') return untilHealthy(name, services[name], one);
  const code = await within(60_000, one.ended, `${name} does not end`);
  if (code !== 0) throw new Error(`${name} ended with code ${code}`);
}

async function untilHealthy(name, { healthcheck }, { environment, ended }) {
  const [, command, ...args] = healthcheck.test.map((part) =>
    part.replaceAll(':8787', `:${ports.get(name)}`),
  );
  for (let tries = 0; tries < 600; tries += 1) {
    if ((await Promise.race([ended, sleep(100, 'running')])) !== 'running')
      throw new Error(`${name} ended by itself`);
    if (spawnSync(command, args, { env: environment, stdio: 'ignore' }).status === 0) return;
  }
  throw new Error(`${name} does not become healthy`);
}

/** Of the file and the image, with folders for volumes, free ports and the addresses that are real here; nothing else. */
async function localEnvironment(name, { environment = {}, volumes = [] }, addresses) {
  const local = { PATH: process.env.PATH, HOME: work };
  for (const [key, value] of Object.entries({ ...image.environment, ...environment })) {
    const [address] = Object.keys(addresses).filter((host) => value.includes(host));
    const volume = volumes
      .map((one) => one.split(':'))
      .find(([, path]) => value === path || value.startsWith(`${path}/`));
    if (key.endsWith('_PORT')) local[key] = await portOf(name);
    else if (key === 'ALLOT_HOST') local[key] = '127.0.0.1';
    else if (address !== undefined) local[key] = addresses[address];
    else if (volume !== undefined) local[key] = join(folderOf(volume[0]), relative(volume[1], value));
    else if (value.startsWith('/')) local[key] = join(folderOf(`${name} ${value.replaceAll('/', '-')}`));
    else local[key] = value;
  }
  return local;
}

function folderOf(volume) {
  const folder = join(work, 'volumes', volume);
  mkdirSync(folder, { recursive: true });
  return folder;
}

async function portOf(name) {
  if (!ports.has(name)) ports.set(name, String(await freePort()));
  return ports.get(name);
}

function launch(command, environment) {
  const child = spawn(process.execPath, command, {
    cwd: app,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => output.push(text));
  return { child, environment, output, ended: once(child, 'exit').then(([code, signal]) => code ?? signal) };
}

/** The first key by the command that stands in the file; then one decision and its exposure, until both are stored. */
async function useIt(addresses) {
  const [, of, args] = /docker compose run --rm (\S+) (.*)$/m.exec(composeText) ?? [];
  const made = launch(args.split(' '), await localEnvironment(of, services[of], addresses));
  const code = await within(60_000, made.ended, 'the command for the first key does not end');
  const key = /allot_[\w-]{43}/.exec(made.output.join(''))?.[0];
  if (code !== 0 || key === undefined) throw new Error(`no key from \`${args}\`: ${made.output.join('')}`);
  await untilHealthy('api', services.api, running.get('api'));
  const { createClient } = await import(pathToFileURL(join(app, 'dist/src/client/client.js')));
  const client = createClient({ url: `http://127.0.0.1:${ports.get('api')}`, key });
  await client.declareSurface('home', {
    actions: ['none', 'live'],
    features: [],
    responses: [{ name: 'watchMs', role: 'main', unit: 'ms', max: 60_000, windowSeconds: 600 }],
  });
  const { decisionId } = await client.decide({
    requestId: 'r1',
    surface: 'home',
    unitId: 'u1',
    features: {},
  });
  await client.expose([{ eventId: 'e1', decisionId }]);
  for (let tries = 0; tries < 600; tries += 1) {
    const { exposures } = await client.decision(decisionId);
    if (exposures?.length === 1) return say(`stored: ${decisionId} and its exposure`);
    await sleep(100);
  }
  throw new Error('the decision and its exposure were not stored within a minute');
}

async function stopAll() {
  for (const [name, { child, ended }] of [...running].reverse()) {
    if (child.exitCode !== null) continue;
    const grace = Number.parseInt(services[name].stop_grace_period, 10) * 1000;
    const startedAt = Date.now();
    child.kill('SIGTERM');
    const code = await within(grace, ended, `${name} does not stop within stop_grace_period`);
    if (code !== 0) throw new Error(`${name} ended with code ${code} on SIGTERM`);
    say(`${name}: stopped after ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
  }
}

async function within(ms, promise, complaint) {
  const late = Symbol();
  const outcome = await Promise.race([promise, sleep(ms, late, { ref: false })]);
  if (outcome === late) throw new Error(complaint);
  return outcome;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}
