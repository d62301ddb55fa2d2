import { coverage } from './coverage/study.ts';
import { obpTable } from './obp-table/study.ts';
import { testProof, testProofs } from './proofs/test-proof.ts';
import { sessionGate } from './session-gate/study.ts';
import type { StudyRun } from './study-run.ts';
import type { StudyTable } from './study-table.ts';

/** The proofs of off-policy evaluation, in the order of docs/judging.md. */
export const judgingProofs = {
  laws: async (study) => [await testProof(testProofs.laws, study)],
  goldens: async (study) => [await testProof(testProofs.goldens, study)],
  'obp-table': obpTable,
  coverage,
  sequential: async (study) => [await testProof(testProofs.sequential, study)],
  'session-gate': sessionGate,
  traps: async (study) => [await testProof(testProofs.traps, study)],
} as const satisfies Record<string, (study: StudyRun) => Promise<StudyTable[]>>;

export type JudgingProof = keyof typeof judgingProofs;
export const judgingProofNames = Object.keys(judgingProofs) as readonly JudgingProof[];
