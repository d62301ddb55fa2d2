import { mergeMoments, type Moments } from './statistics/moments.ts';

/** Where a unit's numbers are added: its variant, and the block and day of its first assignment. */
export interface CellKey {
  readonly variant: string;
  readonly block: number;
  /** UTC, `YYYY-MM-DD`. */
  readonly day: string;
  readonly isHeldOut: boolean;
}

/** Sums over units that have entered; a merge of two equals the sums of their concatenation. */
export interface CellStatistics {
  readonly units: number;
  /** Units without any delivered decision: they have no outcome. */
  readonly undeliveredUnits: number;
  /** Units with a delivered decision whose outcome is not known to be complete. */
  readonly incompleteUnits: number;
  /** Within the units' windows. */
  readonly decisions: number;
  readonly deliveredDecisions: number;
  readonly incompleteDecisions: number;
  /** Delivered ones that anything followed. */
  readonly answeredDecisions: number;
  /** By metric over units with an outcome: total Y, decisions N, then covariate and whether it is missing. */
  readonly metrics: Readonly<Record<string, Moments>>;
}

export interface Cell extends CellKey {
  readonly statistics: CellStatistics;
}

export const noCellStatistics: CellStatistics = {
  units: 0,
  undeliveredUnits: 0,
  incompleteUnits: 0,
  decisions: 0,
  deliveredDecisions: 0,
  incompleteDecisions: 0,
  answeredDecisions: 0,
  metrics: {},
};

export function mergeCellStatistics(a: CellStatistics, b: CellStatistics): CellStatistics {
  const metrics: Record<string, Moments> = { ...a.metrics };
  for (const [name, moments] of Object.entries(b.metrics)) {
    const before = metrics[name] as Moments | undefined;
    metrics[name] = before === undefined ? moments : mergeMoments(before, moments);
  }
  return {
    units: a.units + b.units,
    undeliveredUnits: a.undeliveredUnits + b.undeliveredUnits,
    incompleteUnits: a.incompleteUnits + b.incompleteUnits,
    decisions: a.decisions + b.decisions,
    deliveredDecisions: a.deliveredDecisions + b.deliveredDecisions,
    incompleteDecisions: a.incompleteDecisions + b.incompleteDecisions,
    answeredDecisions: a.answeredDecisions + b.answeredDecisions,
    metrics,
  };
}

export const cellName = ({ variant, block, day, isHeldOut }: CellKey): string =>
  JSON.stringify([variant, block, day, isHeldOut]);

/** Merged by cell, in the order in which cells first appear. */
export function mergeCells(cells: Iterable<Cell>): readonly Cell[] {
  const merged = new Map<string, Cell>();
  for (const cell of cells) {
    const name = cellName(cell);
    const before = merged.get(name);
    const statistics =
      before === undefined ? cell.statistics : mergeCellStatistics(before.statistics, cell.statistics);
    merged.set(name, { ...cell, statistics });
  }
  return [...merged.values()];
}
