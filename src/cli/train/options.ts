/** Flags of `allot train`, parsed. */
export interface TrainOptions {
  readonly surface?: string;
  readonly algorithm: string;
  readonly snapshot?: string;
  readonly seed: number;
  /** Further seeds follow the first one. */
  readonly seeds: number;
  readonly workers: number;
  readonly config?: string;
  readonly out?: string;
  readonly html?: string;
  readonly publish: boolean;
  readonly resume?: boolean;
  readonly checkpointEvery: number;
  readonly run?: string;
  readonly tenant: string;
  readonly json?: boolean;
}
