import { calibrate, coverageOverTime, type Calibration } from '../../core/experiment/forecast-calibration.ts';
import { mergeShadowScores, shadowSummary, type ShadowSummary } from '../../core/experiment/shadow-score.ts';
import type { ForecastStore, MeasuredForecast } from '../ports/runs.ts';
import type { ShadowDay, ShadowStore } from '../ports/shadows.ts';

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

/** Every served version that was forecast and then measured, in the order of measuring, with the coverage as it grew. */
export async function forecastReport(
  forecasts: ForecastStore,
  tenant: string,
  surface: string | undefined,
  level = 0.95,
): Promise<ForecastReport> {
  const measured = await forecasts.measured(tenant, surface);
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
