/** Some rows of a log. Units keep their numbers; the others have sums of 0. */
export interface RowSubset {
  /** Unique for its rows: columns are cached under it. */
  readonly name: string;
  readonly includes: (row: number) => boolean;
}
