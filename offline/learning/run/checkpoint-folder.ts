import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { refuse, violation } from '../../../src/core/check.ts';
import type { Violation } from '../../../src/core/errors.ts';
import { canonicalJson } from '../../dataset/manifest.ts';
import { encodeCheckpoint, readCheckpoint, writeDurably } from './checkpoint-file.ts';
import type { Checkpoints, PhaseCheckpoint } from './checkpoints.ts';

/** What a checkpoint belongs to. With all of it equal, the weights are equal. */
export interface TrainingIdentity {
  readonly snapshotHash: string;
  /** Of the rows that were chosen from it. */
  readonly rowsHash: string;
  readonly algorithm: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly backend: string;
  readonly codeVersion: string;
}

export interface CheckpointOptions {
  readonly directory: string;
  /** Steps between two checkpoints. Default 200. */
  readonly every?: number;
  /**
   * `fresh` (default) forgets what is there. `resume` continues it, and refuses (`config_invalid`) what belongs to another
   * training; `resume-own` forgets that too, with a warning. `join`: another process of the same training has opened it.
   */
  readonly mode?: 'fresh' | 'resume' | 'resume-own' | 'join';
  readonly warn?: ((message: string) => void) | undefined;
}

/** Of a phase the newest is used; the one before is for the case that the newest was torn. */
const kept = 2;
const defaultEvery = 200;

/**
 * Checkpoints in a folder: `training.json` says of what, `<phase>.<step>.checkpoint` holds a state. Every file is written
 * beside its name, synced and renamed, so that a process killed at any moment leaves the last state whole.
 */
export function openCheckpoints(identity: TrainingIdentity, options: CheckpointOptions): Checkpoints {
  const { directory, every = defaultEvery, mode = 'fresh', warn = () => undefined } = options;
  const isOpen = mode === 'join' || (mode !== 'fresh' && isContinued(identity, directory, mode, warn));
  if (!isOpen) begin(identity, directory);
  return {
    every,
    restore(phase) {
      for (const file of filesOf(directory, phase).reverse()) {
        try {
          return readCheckpoint(file);
        } catch (error) {
          warn(`${file} cannot be used (${messageOf(error)}); the checkpoint before it is taken`);
        }
      }
      return undefined;
    },
    save(checkpoint) {
      writeDurably(fileOf(directory, checkpoint), encodeCheckpoint(checkpoint));
      for (const old of filesOf(directory, checkpoint.phase).slice(0, -kept)) rmSync(old, { force: true });
    },
  };
}

/** Forgets a training that has ended. */
export const removeCheckpoints = (directory: string): void =>
  rmSync(directory, { recursive: true, force: true });

const identityFile = (directory: string): string => join(directory, 'training.json');

function begin(identity: TrainingIdentity, directory: string): void {
  removeCheckpoints(directory);
  mkdirSync(directory, { recursive: true });
  writeDurably(identityFile(directory), Buffer.from(canonicalJson(identity)));
}

function isContinued(
  identity: TrainingIdentity,
  directory: string,
  mode: 'resume' | 'resume-own',
  warn: (message: string) => void,
): boolean {
  const text = readIdentity(directory);
  if (text === undefined) return false;
  const broken = whyNot(text, identity);
  if (broken.length === 0) return true;
  if (mode === 'resume') refuse('config_invalid', broken);
  warn(`${directory} holds checkpoints of another training (${broken[0].rule}); it begins anew`);
  return false;
}

/** Undefined where no training has begun. A folder that cannot be read is not an empty one: what it holds would be removed. */
function readIdentity(directory: string): string | undefined {
  try {
    return readFileSync(identityFile(directory), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function whyNot(text: string, asked: TrainingIdentity): Violation[] {
  try {
    return differences(JSON.parse(text) as TrainingIdentity, asked);
  } catch (error) {
    const rule = `cannot be read (${messageOf(error)}); remove the folder to begin anew`;
    return [violation('training.json', rule)];
  }
}

/** One violation per part that is another one; of the config, which settings. */
function differences(found: TrainingIdentity, asked: TrainingIdentity): Violation[] {
  const flat = ({ config, ...rest }: TrainingIdentity): Record<string, unknown> => ({
    ...rest,
    ...Object.fromEntries(Object.entries(config).map(([name, value]) => [`config.${name}`, value])),
  });
  const [before, now] = [flat(found), flat(asked)];
  return [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((name) => canonicalJson(before[name]) !== canonicalJson(now[name]))
    .map((name) => {
      const [then, today] = [canonicalJson(before[name]), canonicalJson(now[name])];
      return violation(name, `the checkpoint is of another training: ${name} was ${then}, not ${today}`);
    });
}

const extension = '.checkpoint';

function fileOf(directory: string, { phase, step }: PhaseCheckpoint): string {
  return join(directory, `${stem(phase)}.${String(step).padStart(9, '0')}${extension}`);
}

/** Oldest first. */
function filesOf(directory: string, phase: string): string[] {
  const prefix = `${stem(phase)}.`;
  return readdirSync(directory)
    .filter((name) => name.startsWith(prefix) && name.endsWith(extension))
    .sort()
    .map((name) => join(directory, name));
}

/** Readable, and different for phases that differ only in what a file name cannot hold. */
const stem = (phase: string): string =>
  `${phase.replace(/[^a-zA-Z0-9_-]+/g, '-').slice(0, 60)}-${createHash('sha256').update(phase).digest('hex').slice(0, 8)}`;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
