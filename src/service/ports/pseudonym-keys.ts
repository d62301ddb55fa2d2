/** A pseudonym key as the database remembers it: noted at every start of a process that uses it. */
export interface PseudonymKeyUse {
  readonly fingerprint: string;
  readonly firstUsedAt: number;
  readonly lastUsedAt: number;
}

/** What is known when a process starts, before it notes its own key. */
export interface PseudonymKeyHistory {
  readonly uses: readonly PseudonymKeyUse[];
  readonly hasDecisions: boolean;
}
