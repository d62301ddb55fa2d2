import type { Surface } from '../core/surface/surface.ts';
import type { ControlReader } from '../service/ports/control.ts';
import type { DecidedRange, JoinReader, JoinRules } from '../service/ports/join-reader.ts';
import type { Metrics } from '../service/ports/metrics.ts';

/** Rows of one slice: a minute at 333 decisions per second whole, above that the beginning of each minute. */
const LIMIT = 20_000;
const MINUTE_MS = 60_000;
/** Exposures of a feed come within seconds. */
const PENDING_AFTER_MS = MINUTE_MS;
/** Feedback whose decision is not there after five minutes waits for one that is late or lost. */
const ORPHANED_AFTER_MS = 5 * MINUTE_MS;
/** How long past the end of the window late events are waited for: as long again, an hour at most. */
const GRACE_AT_MOST_MS = 60 * MINUTE_MS;

export interface JoinWatchOptions {
  readonly control: Pick<ControlReader, 'load'>;
  readonly join: JoinReader;
  readonly clock: () => number;
  readonly metrics: Pick<Metrics, 'joinPending' | 'joinFeedback' | 'joinDecisions'>;
}

/**
 * Each round takes the next slices of the log: decisions a minute old (still without exposure?), feedback of decisions five
 * minutes old (is there one?), and by surface decisions whose label windows have closed (what did the join make of them?). A
 * round that comes late takes a minute like every other, so that its cost is bounded and what it missed is missing.
 */
export function createJoinWatch({ control, join, clock, metrics }: JoinWatchOptions): () => Promise<void> {
  const next = createSlices(clock);
  return async () => {
    const { surfaces } = await control.load();
    const rules = surfaces.map(rulesOf).filter(({ responses }) => responses.length > 0);
    await joinClosed(rules, next, join, metrics);
    const feedback = next('feedback', ORPHANED_AFTER_MS);
    if (feedback !== null)
      for (const counts of await join.feedback(feedback, LIMIT)) metrics.joinFeedback(counts);
    const pending = next('pending', PENDING_AFTER_MS);
    if (pending === null) return;
    const waiting = await join.pending(pending, LIMIT);
    for (const { tenant, surface } of surfaces) {
      const found = waiting.find((row) => row.tenant === tenant && row.surface === surface.name);
      metrics.joinPending({ tenant, surface: surface.name }, found?.decisions ?? 0);
    }
  };
}

/** Surfaces with the same windows share a slice. */
async function joinClosed(
  all: readonly JoinRules[],
  next: ReturnType<typeof createSlices>,
  join: JoinReader,
  metrics: Pick<Metrics, 'joinDecisions'>,
): Promise<void> {
  for (const windowMs of new Set(all.map(longestWindowMs))) {
    const rules = all.filter((rule) => longestWindowMs(rule) === windowMs);
    const slice = next(`closed ${String(windowMs)}`, windowMs + Math.min(windowMs, GRACE_AT_MOST_MS));
    if (slice === null) continue;
    for (const counts of await join.joined(slice, rules, LIMIT)) metrics.joinDecisions(counts);
  }
}

const longestWindowMs = ({ responses }: JoinRules): number =>
  1_000 * Math.max(0, ...responses.map(({ windowSeconds }) => windowSeconds));

const rulesOf = (control: { readonly tenant: string; readonly surface: Surface }): JoinRules => ({
  tenant: control.tenant,
  surface: control.surface.name,
  responses: control.surface.responses,
});

/** By name: from where the last slice ended up to this age, a minute at most; null while there is nothing new. */
function createSlices(clock: () => number): (name: string, ageMs: number) => DecidedRange | null {
  const takenUntil = new Map<string, number>();
  return (name, ageMs) => {
    const until = clock() - ageMs;
    const from = Math.max(takenUntil.get(name) ?? 0, until - MINUTE_MS);
    if (from >= until) return null;
    takenUntil.set(name, until);
    return { from, until };
  };
}
