import { dashboardRoutes } from '../dashboard/dashboard-routes.ts';
import { decisionRoutes } from './decisions.ts';
import { experimentRoutes } from './experiments.ts';
import { operationRoutes } from './operations.ts';
import { registryRoutes } from './registry.ts';
import type { Route } from './route.ts';
import { runRoutes } from './runs.ts';

/** Every route but the two of the hot path. */
export const allRoutes: readonly Route[] = [
  ...decisionRoutes,
  ...registryRoutes,
  ...runRoutes,
  ...experimentRoutes,
  ...operationRoutes,
  ...dashboardRoutes(() => allRoutes),
];
