import { AllotError } from '../../core/errors.ts';
import type { Experiment, ExperimentNote } from '../../core/experiment/experiment.ts';
import type { PseudonymOf } from '../identity/pseudonyms.ts';
import type { ExperimentStore, PolicyStore, SurfaceStore } from '../ports/stores.ts';
import type { ArtifactTrust } from '../registry/artifact-signatures.ts';
import { authorise, type Principal } from '../registry/principal.ts';
import type { Serving } from '../serving/serving.ts';

/** Effect, guardrails and sample ratio now; provided by `service/experiment-analysis`. */
export type AnalyseExperiment = (tenant: string, experiment: Experiment) => Promise<unknown>;

export interface ExperimentsDependencies {
  readonly experiments: ExperimentStore;
  readonly surfaces: SurfaceStore;
  readonly policies: PolicyStore;
  readonly serving: Pick<Serving, 'refresh'>;
  readonly clock: () => number;
  /** A random salt, hex. */
  readonly salt: () => string;
  readonly analyse: AnalyseExperiment;
  /** Default: units keep the ids they come with. */
  readonly pseudonymOf?: PseudonymOf | undefined;
  /** Default: artifacts need no signature. */
  readonly trust?: ArtifactTrust | undefined;
}

export async function findExperiment(
  { experiments }: ExperimentsDependencies,
  id: string,
  principal: Principal,
): Promise<Experiment> {
  authorise(principal, 'view');
  const experiment = await experiments.find(principal.tenant, id);
  if (experiment === undefined) throw new AllotError('experiment_unknown', 'the experiment does not exist');
  authorise(principal, 'view', experiment.surface);
  return experiment;
}

export async function administered(
  deps: ExperimentsDependencies,
  id: string,
  principal: Principal,
): Promise<Experiment> {
  authorise(principal, 'administer');
  const experiment = await findExperiment(deps, id, principal);
  authorise(principal, 'administer', experiment.surface);
  return experiment;
}

export const noteOf = ({ keyId }: Principal, at: number, reason: string | undefined): ExperimentNote => ({
  by: keyId,
  at,
  reason: reason ?? null,
});
