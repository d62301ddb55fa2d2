import type { BanditLog, EvaluationPolicy } from './bandit-log.ts';
import { refuseAll, settingsOf, uncertainty, valuationInput, type OpeOptions } from './evaluate-log.ts';
import { examine, type Examination } from './examination.ts';
import { chosenIds } from './ope-options.ts';
import type { Estimate, EstimateRefusal, OpeReport, Warning } from './report.ts';
import type { RowSubset } from './row-subset.ts';
import { selectLogRows } from './select-log-rows.ts';
import { percent, type Trouble } from './trouble.ts';
import { resolver } from './tuning/resolve.ts';
import { influences, isValuation, resampledValues, valuate, type Valuation } from './valuation.ts';
import { eventWarnings } from './weak.ts';
import { importanceWeights } from './weights.ts';

interface VersionPart {
  readonly name: string;
  readonly subset: RowSubset;
  readonly examination: Examination;
}

/**
 * Precision-weighted pooling: V̂ = Σⱼ αⱼ V̂ⱼ with V̂ⱼ from the rows of version j and αⱼ ∝ its effective sample size.
 *
 * The precision is that of the weights, not 1/se² of the response: a response's standard error shrinks with its estimate
 * (a version without events would get all of α), so α by standard errors pulls a rare response down. Versions that are
 * unusable by themselves are left out and named. α is fixed in the resamples, which are shared by all versions; units that
 * several versions served are one cluster.
 */
export function evaluateByPrecision(
  log: BanditLog,
  policy: EvaluationPolicy,
  options: OpeOptions,
): OpeReport {
  const examination = examine(log, policy, options);
  const head = { log: { rounds: log.rounds, units: log.unitCount }, health: examination.health };
  const ids = chosenIds(options);
  const parts = partsOf(log, policy, options);
  const usable = parts.filter((part) => part.examination.unusable === null);
  const { unusable } = examination;
  if (unusable !== null && brokenCodes.has(unusable.code)) {
    return { ...head, estimates: refuseAll(log, ids, unusable) };
  }
  if (usable.length === 0) return { ...head, estimates: refuseAll(log, ids, noVersion(parts)) };
  return { ...head, estimates: combine(log, policy, parts, usable, options) };
}

const brokenCodes = new Set([
  'propensity_invalid',
  'evaluation_probability_invalid',
  'behavior_probability_invalid',
  'log_empty',
]);

function partsOf(log: BanditLog, policy: EvaluationPolicy, options: OpeOptions): VersionPart[] {
  const versions = log.behaviorVersions ?? { names: ['all'], index: new Int32Array(log.rounds) };
  return versions.names.flatMap((name, version) => {
    const rows = Int32Array.from(versions.index.keys()).filter((i) => versions.index[i] === version);
    if (rows.length === 0) return [];
    const part = selectLogRows(log, policy, options, rows);
    const subset = { name: `version ${name}`, includes: (i: number) => versions.index[i] === version };
    return [{ name, subset, examination: examine(part.log, part.policy, part.options) }];
  });
}

function combine(
  log: BanditLog,
  policy: EvaluationPolicy,
  parts: readonly VersionPart[],
  usable: readonly VersionPart[],
  options: OpeOptions,
): (Estimate | EstimateRefusal)[] {
  const sizes = usable.map(({ examination }) => examination.health.effectiveSampleSize);
  const total = sizes.reduce((a, b) => a + b, 0);
  const shares = sizes.map((size) => size / total);
  const weights = importanceWeights(log, policy);
  const input = valuationInput(log, policy, weights, options);
  const resolve = resolver(input, chosenIds(options), options);
  const byVersion = usable.map(({ subset }) =>
    valuate({
      ...input,
      resolve: (response) => resolve(response).map((r) => ({ ...r, subset: both(r.subset, subset) })),
    }),
  );
  const flat = byVersion.flatMap((results) => results.filter(isValuation));
  const resampled = new Map(resampledValues(flat, options).map((values, i) => [flat[i], values]));
  const notes = notesOf(parts, usable, shares);
  return byVersion[0].map((first, at) => {
    const all = byVersion.map((results) => results[at]);
    const refused = all.find((result): result is EstimateRefusal => !isValuation(result));
    if (refused !== undefined || !isValuation(first)) return refused ?? (first as EstimateRefusal);
    const responses = log.responses.get(first.response) ?? new Float64Array(0);
    const events = eventWarnings(log, policy, responses, usable[0].examination.limits);
    const settings = settingsOf(log, weights, first.estimator);
    const warnings = [...notes, ...settings.warnings, ...first.notes, ...events];
    return {
      ...weightedSum(all as Valuation[], shares, resampled, options.level, warnings),
      response: first.response,
      estimator: first.estimator.id,
      estimand: first.estimator.estimand,
      ...settings.echo,
    };
  });
}

/** Σⱼ αⱼ V̂ⱼ with influences and resampled values summed alike. */
function weightedSum(
  valuations: readonly Valuation[],
  shares: readonly number[],
  resampled: ReadonlyMap<Valuation, Float64Array>,
  level: number,
  warnings: readonly Warning[],
): ReturnType<typeof uncertainty> {
  const sumOf = (arrays: readonly Float64Array[]): Float64Array =>
    arrays[0].map((_, k) => arrays.reduce((sum, array, j) => sum + shares[j] * array[k], 0));
  const value = valuations.reduce((sum, valuation, j) => sum + shares[j] * valuation.value, 0);
  const values = valuations.map((valuation) => resampled.get(valuation) ?? new Float64Array(0));
  return uncertainty(value, sumOf(valuations.map(influences)), sumOf(values), level, warnings);
}

const both = (a: RowSubset | null, b: RowSubset): RowSubset =>
  a === null ? b : { name: `${a.name}, ${b.name}`, includes: (i) => a.includes(i) && b.includes(i) };

/** Weak parts make a weak whole; a version that is left out for its size only does not. */
function notesOf(
  parts: readonly VersionPart[],
  usable: readonly VersionPart[],
  shares: readonly number[],
): Warning[] {
  const combined = usable.map(({ name }, j) => `${name} ${percent(shares[j])}`).join(', ');
  const leftOut = parts.flatMap(({ name, examination: { unusable } }): Warning[] => {
    if (unusable === null) return [];
    const code = unusable.code === 'mean_weight_wrong' ? 'propensities_inconsistent' : 'version_left_out';
    return [{ code, reason: `version ${name} is left out: ${unusable.reason}` }];
  });
  const weaknesses = usable.flatMap(({ name, examination }) =>
    [...examination.supportWarnings, ...examination.weightWarnings]
      .filter(({ code }) => code !== 'low_effective_sample_size')
      .map(({ code, reason }) => ({ code, reason: `version ${name}: ${reason}` })),
  );
  const size = usable.reduce((sum, { examination }) => sum + examination.health.effectiveSampleSize, 0);
  const limit = usable[0].examination.limits.weakEffectiveSampleSize;
  const low: Warning[] =
    size < limit
      ? [
          {
            code: 'low_effective_sample_size',
            reason: `the effective samples of the versions sum to ${Math.round(size)} units (weak below ${limit})`,
          },
        ]
      : [];
  return [
    { code: 'versions_combined', reason: `versions by precision: ${combined}` },
    ...leftOut,
    ...weaknesses,
    ...low,
  ];
}

const noVersion = (parts: readonly VersionPart[]): Trouble => ({
  code: 'no_version_usable',
  reason: parts.map(({ name, examination }) => `${name}: ${examination.unusable?.reason ?? ''}`).join('; '),
  needed: 'at least one behavior version whose rows can be used by themselves',
});
