import type { Cell } from '../../core/experiment/cell-statistics.ts';
import type { MetricVariances } from '../../core/experiment/test-methods.ts';
import type { DecisionRecord } from './stores.ts';

/** Units first assigned to one variant in one block on one day. */
export interface Arrivals {
  readonly variant: string;
  /** null: put on the variant by hand. */
  readonly block: number | null;
  readonly day: string;
  readonly units: number;
  /** Of these, seen on more than one side by now. */
  readonly multipleUnits: number;
  readonly lastAt: number;
}

export interface OpenUnit {
  readonly unitId: string;
  readonly variant: string;
  readonly block: number;
  readonly firstAssignedAt: number;
}

/** A unit's numbers on their way into its cell. */
export interface UnitEntry {
  readonly unitId: string;
  readonly cell: Cell;
}

/** Of those made until `decidedUntil` and stored last: the ones made after `decidedFrom`, or the newest `atLeast`. */
export interface RecentDecisions {
  readonly decidedFrom: number;
  readonly decidedUntil: number;
  readonly atLeast: number;
  readonly limit: number;
}

export interface RecentFeedback {
  readonly decisions: number;
  readonly withExposure: number;
  readonly withInteraction: number;
}

/**
 * The read model behind looks. It is brought up to date by whoever looks, in steps of one transaction each, so that being
 * killed between two of them loses nothing and two processes at once count nobody twice. That is why these writes take no
 * leader's epoch: the api looks too, and a leader that is no longer one adds what its successor would have added.
 */
export interface ExperimentUnits {
  /** Takes in the units of decisions that were stored since the last time. */
  readArrivals(tenant: string, experiment: string): Promise<void>;
  arrivals(tenant: string, experiment: string): Promise<readonly Arrivals[]>;
  /**
   * Units that have not entered, were assigned until then, and whose first decision has been stored since then; oldest first.
   * Never those that changed sides or were put on a variant by hand.
   */
  open(
    tenant: string,
    experiment: string,
    query: { readonly assignedUntil: number; readonly storedUntil: number; readonly limit: number },
  ): Promise<readonly OpenUnit[]>;
  /** Decisions of the surface with what followed them, by unit in the order of time; [from, until). */
  records(
    tenant: string,
    surface: string,
    units: readonly { readonly unitId: string; readonly from: number; readonly until: number }[],
  ): Promise<readonly DecisionRecord[]>;
  /** Adds those that have not entered yet to their cells and marks them; the others are passed over. */
  enter(tenant: string, experiment: string, entries: readonly UnitEntry[]): Promise<void>;
  cells(tenant: string, experiment: string): Promise<readonly Cell[]>;
  /** Variances of a treatment's metrics: the first that come stay for good. Resolves with those that are kept. */
  keepVariances(
    tenant: string,
    experiment: string,
    treatment: string,
    variances: Readonly<Record<string, MetricVariances>>,
  ): Promise<Readonly<Record<string, MetricVariances>>>;
  /** Of the experiment's newest decisions: did feedback come? */
  recentFeedback(tenant: string, experiment: string, recent: RecentDecisions): Promise<RecentFeedback>;
}
