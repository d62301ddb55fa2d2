import { expect, it } from 'vitest';
import { AllotError } from '../../src/core/errors.ts';
import { deadLetter } from '../../src/ingest/poison.ts';

it('a dead letter tells operators what the database said, which a client is not told', () => {
  const cause = new Error('value "x\u0000" is out of range for type integer');
  const refusal = new AllotError('invalid_request', 'the database refuses a value', { cause });
  expect(deadLetter(Uint8Array.of(1), refusal, 5).reason).toBe(
    'the database refuses a value: value "x?" is out of range for type integer',
  );
  const own = new AllotError('invalid_request', cause.message, { cause });
  expect(deadLetter(Uint8Array.of(1), own, 5).reason).toBe('value "x?" is out of range for type integer');
});
