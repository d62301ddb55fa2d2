import { randomBytes } from 'node:crypto';
import { artifactKeys } from '../../compose/artifact-keys.ts';
import { pseudonymsInUse } from '../../compose/pseudonym-key.ts';
import { AllotError } from '../../core/errors.ts';
import { nextAction, type ExperimentAction } from '../../core/experiment/next-action.ts';
import { planOf } from '../../core/experiment/plan.ts';
import {
  createExperimentAnalysis,
  type ExperimentLook,
} from '../../service/experiment-analysis/experiment-analysis.ts';
import {
  forecastReport,
  shadowReports,
  type ForecastReport,
  type ShadowReport,
} from '../../service/experiments/evidence.ts';
import type { PseudonymOf } from '../../service/identity/pseudonyms.ts';
import { createExperiments, type Experiments } from '../../service/experiments/experiments.ts';
import type { ExperimentsDependencies } from '../../service/experiments/find-experiment.ts';
import type { AllStores } from '../../service/ports/all-stores.ts';
import { principalOf, type Principal } from '../../service/registry/principal.ts';
import { mustFindSurface } from '../../service/registry/surfaces.ts';
import { withStores } from '../local/with-stores.ts';

/** What `allot experiment` works with: the use cases of the API over the configured database, as the operator. */
export interface ExperimentDesk {
  readonly principal: Principal;
  readonly experiments: Experiments;
  principalOfKey(id: string): Promise<Principal>;
  look(id: string): Promise<{ readonly looks: readonly ExperimentLook[]; readonly action: ExperimentAction }>;
  forecasts(surface: string | undefined): Promise<ForecastReport>;
  shadows(surface: string | undefined): Promise<readonly ShadowReport[]>;
}

export const withExperiments = <T>(tenant: string, use: (desk: ExperimentDesk) => Promise<T>): Promise<T> =>
  withStores((stores, config) => {
    // The key is asked for only where a unit is named: most of the commands need no secrets.
    const pseudonymOf: PseudonymOf = (of, unitId) => pseudonymsInUse(config)?.(of, unitId) ?? unitId;
    return use(
      deskOf(stores, tenant, {
        pseudonymOf: config.pseudonymousUnits ? pseudonymOf : undefined,
        trust: artifactKeys(config).trust,
      }),
    );
  });

export function deskOf(
  stores: AllStores,
  tenant: string,
  keys: Pick<ExperimentsDependencies, 'pseudonymOf' | 'trust'> = {},
): ExperimentDesk {
  const analysis = createExperimentAnalysis(stores);
  const principal: Principal = { keyId: 'cli', tenant, role: 'admin', surfaces: null };
  const experiments = createExperiments({
    ...stores,
    // Deciders poll, and are told by the database.
    serving: { refresh: () => Promise.resolve() },
    clock: Date.now,
    salt: () => randomBytes(8).toString('hex'),
    ...keys,
    analyse: (of, experiment) => analysis.look(of, experiment, Date.now()),
  });
  return {
    principal,
    experiments,
    async principalOfKey(id) {
      const key = (await stores.keys.list(tenant)).find((one) => one.id === id && one.revokedAt === null);
      if (key === undefined)
        throw new AllotError(
          'invalid_request',
          `--as: there is no key ${id}; \`allot keys list\` lists them`,
        );
      return principalOf(key);
    },
    async look(id) {
      const experiment = await experiments.find(id, principal);
      const surface = await mustFindSurface(stores.surfaces, tenant, experiment.surface);
      const now = Date.now();
      const looks = await analysis.look(tenant, experiment, now);
      const plan = planOf(experiment, surface);
      const units = Object.assign({}, ...looks.map((one) => one.units)) as Record<string, number>;
      const closedUnits = Object.values(units).reduce((sum, count) => sum + count, 0);
      const unitsInBlock = looks.at(0)?.unitsInBlock ?? 0;
      const action = nextAction({ experiment, plan, looks, now, unitsInBlock, closedUnits });
      for (const look of looks) await stores.experiments.recordLook(id, { ...look }, { tenant, id: 'cli' });
      return { looks, action };
    },
    forecasts: (surface) => forecastReport(stores.forecasts, tenant, [surface]),
    shadows: (surface) => shadowReports(stores.shadows, tenant, surface),
  };
}
