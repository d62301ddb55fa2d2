import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { AllotError } from '../../core/errors.ts';

/** YAML or JSON; `-` is standard input. */
export async function readDocument(file: string): Promise<unknown> {
  const text = await readFile(file === '-' ? '/dev/stdin' : file, 'utf8').catch((cause: unknown) => {
    throw new AllotError('invalid_request', `${file} cannot be read`, { cause });
  });
  try {
    return parse(text) as unknown;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : '';
    throw new AllotError('invalid_request', `${file} is neither YAML nor JSON: ${why}`, { cause });
  }
}
