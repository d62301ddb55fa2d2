/** What `import … from 'allot'` offers: the client of the HTTP API. Everything else is reached over HTTP or the CLI. */
export {
  AllotApiError,
  createClient,
  type AllotClient,
  type BatchResult,
  type ClientOptions,
  type DecideInput,
  type ExperimentInput,
  type ExposureInput,
  type InteractionInput,
  type ProblemDocument,
  type RunRoute,
  type RunView,
  type SurfaceDetails,
} from './client/client.ts';
export type { DecideAnswer } from './service/serving/decide-answer.ts';
export type { SurfaceDeclaration } from './service/schemas/surface.ts';
