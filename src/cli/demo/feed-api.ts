import type { FeatureValues } from '../../core/surface/surface.ts';

/** The three calls a feed makes; `allot demo` makes them over HTTP. */
export interface FeedApi {
  decide(requests: readonly FeedRequest[]): Promise<readonly FeedAnswer[]>;
  expose(events: readonly FeedExposure[]): Promise<void>;
  interact(events: readonly FeedInteraction[]): Promise<void>;
}

export interface FeedRequest {
  readonly requestId: string;
  readonly surface: string;
  readonly unitId: string;
  readonly sessionId: string;
  readonly features: FeatureValues;
}

export interface FeedAnswer {
  readonly decisionId: string;
  readonly action: string;
}

export interface FeedExposure {
  readonly eventId: string;
  readonly decisionId: string;
  readonly occurredAt: number;
}

export interface FeedInteraction extends FeedExposure {
  readonly type: string;
  readonly value: number;
}
