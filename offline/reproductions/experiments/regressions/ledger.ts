/** What clients saw of one experiment; times are the client's, in ms since the epoch, at the answer. */
export interface Ledger {
  /** A unit's first answer in the experiment. */
  readonly firstSeen: Map<string, number>;
  /** A unit's first answer by the treatment after the fault was planted. */
  readonly treatedAt: Map<string, number>;
  /** Newest answer of each replica by the treatment's version in the experiment, and newest of all. */
  readonly lastTreated: number[];
  readonly lastAnswer: number[];
}

export const newLedger = (replicas: number): Ledger => ({
  firstSeen: new Map(),
  treatedAt: new Map(),
  lastTreated: Array.from({ length: replicas }, () => 0),
  lastAnswer: Array.from({ length: replicas }, () => 0),
});

export interface SeenAnswer {
  readonly unitId: string;
  readonly replica: number;
  readonly at: number;
  readonly isInExperiment: boolean;
  readonly isTreated: boolean;
  readonly isPlanted: boolean;
}

export function note(ledger: Ledger, answer: SeenAnswer): void {
  const { unitId, replica, at, isInExperiment, isTreated, isPlanted } = answer;
  ledger.lastAnswer[replica] = at;
  if (isInExperiment && !ledger.firstSeen.has(unitId)) ledger.firstSeen.set(unitId, at);
  if (!isTreated) return;
  ledger.lastTreated[replica] = at;
  if (isPlanted && !ledger.treatedAt.has(unitId)) ledger.treatedAt.set(unitId, at);
}

/** Units that came into the experiment in (from, until]. */
export const unitsBetween = ({ firstSeen }: Ledger, from: number, until: number): number =>
  [...firstSeen.values()].filter((at) => at > from && at <= until).length;

/**
 * From a moment to the last answer by the treatment, ms by replica; 0 where none came after it. null: a replica was not asked
 * afterwards, so that nothing is known of it.
 */
export function lastTreatedAfter(
  { lastTreated, lastAnswer }: Ledger,
  moment: number,
): readonly number[] | null {
  if (lastAnswer.some((at, replica) => at <= Math.max(moment, lastTreated[replica]))) return null;
  return lastTreated.map((at) => Math.max(0, at - moment));
}
