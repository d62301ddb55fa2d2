import { AllotError, type ErrorCode } from '../core/errors.ts';

/** What the `allot` command ends with; scripts may rely on these. */
export const exitCodes = {
  /** The job was done, or the question answered. */
  ok: 0,
  /** Something failed that the caller did not cause. */
  failure: 1,
  /** The command line, a file or a setting breaks a rule. */
  badInput: 2,
  /** A well-formed question that must not be answered: the log does not support it. */
  refusal: 3,
} as const;

const badInput: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'invalid_json',
  'invalid_request',
  'surface_unknown',
  'policy_unknown',
  'experiment_unknown',
  'decision_unknown',
  'run_unknown',
  'decision_id_invalid',
  'surface_invalid',
  'schema_breaking_change',
  'artifact_invalid',
  'config_invalid',
  'log_unreadable',
  'mapping_invalid',
  'snapshot_invalid',
]);

export function exitCodeOf(error: unknown): number {
  if (error instanceof AllotError && badInput.has(error.code)) return exitCodes.badInput;
  return exitCodes.failure;
}
