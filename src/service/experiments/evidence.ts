import { calibrate, coverageOverTime, type Calibration } from '../../core/experiment/forecast-calibration.ts';
import { mergeShadowScores, shadowSummary, type ShadowSummary } from '../../core/experiment/shadow-score.ts';
import type { Forecast, ForecastStore, MeasuredForecast } from '../ports/runs.ts';
import type { ShadowDay, ShadowStore } from '../ports/shadows.ts';
import { authorise, scopesOf, type Principal } from '../registry/principal.ts';

/** What offline evaluation and shadows said, beside what was measured; of the surfaces that the key covers. */
export interface Evidence {
  forecasts(principal: Principal, surface?: string): Promise<readonly Forecast[]>;
  /** Beside what was measured, with the coverage as it grew. */
  forecastReport(principal: Principal, surface?: string): Promise<ForecastReport>;
  shadows(principal: Principal, surface?: string): Promise<readonly ShadowReport[]>;
}

export function createEvidence(stores: {
  readonly forecasts: ForecastStore;
  readonly shadows: ShadowStore;
}): Evidence {
  const { forecasts, shadows } = stores;
  const scoped = (principal: Principal, surface: string | undefined): readonly (string | undefined)[] => {
    authorise(principal, 'view', surface);
    return scopesOf(principal, surface);
  };
  return {
    async forecasts(principal, surface) {
      const scopes = scoped(principal, surface);
      return (await Promise.all(scopes.map((scope) => forecasts.list(principal.tenant, scope)))).flat();
    },
    async forecastReport(principal, surface) {
      return await forecastReport(forecasts, principal.tenant, scoped(principal, surface));
    },
    async shadows(principal, surface) {
      const scopes = scoped(principal, surface);
      return (
        await Promise.all(scopes.map((scope) => shadowReports(shadows, principal.tenant, scope)))
      ).flat();
    },
  };
}

export interface JudgedForecast extends MeasuredForecast {
  readonly calibration: Calibration | null;
  /** Of this and everything measured before it: the share that agreed. */
  readonly coverageSoFar: number;
}

export interface ForecastReport {
  readonly level: number;
  readonly forecasts: readonly JudgedForecast[];
  /** null: nothing was measured yet. */
  readonly coverage: number | null;
}

/**
 * Every served version that was forecast and then measured, in the order of measuring, with the coverage as it grew.
 *
 * @param scopes surfaces; `undefined` among them: all
 */
export async function forecastReport(
  forecasts: ForecastStore,
  tenant: string,
  scopes: readonly (string | undefined)[],
  level = 0.95,
): Promise<ForecastReport> {
  const byScope = await Promise.all(scopes.map((scope) => forecasts.measured(tenant, scope)));
  const measured = byScope.flat().sort((a, b) => a.measuredAt - b.measuredAt);
  const calibrations = measured.map(({ offline, online }) =>
    online === null ? null : calibrate({ offline, online }, level),
  );
  const coverage = coverageOverTime(calibrations.map((one) => one?.isCovered ?? false));
  return {
    level,
    forecasts: measured.map((one, k) => ({
      ...one,
      calibration: calibrations[k],
      coverageSoFar: coverage[k],
    })),
    coverage: coverage.at(-1) ?? null,
  };
}

export interface ShadowReport {
  readonly surface: string;
  readonly policyVersion: string;
  readonly total: ShadowSummary | null;
  readonly days: readonly { readonly day: string; readonly summary: ShadowSummary | null }[];
}

/** What shadow candidates would have done on live traffic, over all days and by day. */
export async function shadowReports(
  shadows: ShadowStore,
  tenant: string,
  surface: string | undefined,
): Promise<readonly ShadowReport[]> {
  const byVersion = new Map<string, ShadowDay[]>();
  for (const day of await shadows.list(tenant, surface)) {
    const key = JSON.stringify([day.surface, day.policyVersion]);
    byVersion.set(key, [...(byVersion.get(key) ?? []), day]);
  }
  return [...byVersion.values()].map((days) => ({
    surface: days[0].surface,
    policyVersion: days[0].policyVersion,
    total: shadowSummary(days.map(({ score }) => score).reduce(mergeShadowScores)),
    days: days.map(({ day, score }) => ({ day, summary: shadowSummary(score) })),
  }));
}
