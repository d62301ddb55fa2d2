import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

const entries = {
  allot: ['src/cli/main.ts', 'start'],
  api: ['api/main.ts'],
  ingest: ['src/ingest/main.ts'],
  controller: ['src/controller/main.ts'],
} as const;

export type PartName = keyof typeof entries;
type Environment = Readonly<Record<string, string>>;

/** One of Allot's processes, as it is started in production (through tsx), to be killed and started again. */
export class Part {
  readonly name: PartName;
  readonly #environment: Environment;
  readonly #killed: () => void;
  #child: ChildProcess | null = null;
  #said = '';

  /** `killed` is told of every SIGKILL. */
  constructor(name: PartName, environment: Environment, killed: () => void = () => undefined) {
    this.name = name;
    this.#killed = killed;
    this.#environment = environment;
  }

  start(): void {
    const child = spawn(process.execPath, ['--import', 'tsx', ...entries[this.name]], {
      cwd: root,
      env: { ...process.env, ALLOT_LOG_LEVEL: 'warn', ...this.#environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream
        .setEncoding('utf8')
        .on('data', (text: string) => (this.#said = (this.#said + text).slice(-20_000)));
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  /** The end of what it wrote: for a scenario that failed, and for what it must have reported. */
  get said(): string {
    return this.#said;
  }

  get isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  kill(): Promise<void> {
    if (this.isRunning) this.#killed();
    return this.#end('SIGKILL');
  }

  /** Resolves with the exit code. */
  async stop(): Promise<number | null> {
    await this.#end('SIGTERM');
    return this.#child?.exitCode ?? null;
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (!this.isRunning || this.#child === null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }
}
