import type { RunSummary } from '../../service/ports/runs.ts';

/** What lists and comparisons read out of a run: its result is whatever the job wrote, so nothing is taken for granted. */
export interface RunView {
  readonly id: string;
  readonly kind: RunSummary['kind'];
  readonly surface: string;
  readonly state: RunSummary['state'];
  readonly createdAt: number;
  readonly finishedAt: number | null;
  readonly error: string | null;
  readonly hasReport: boolean;
  readonly algorithm: string | null;
  readonly seed: number | null;
  /** Made by a training, judged by an evaluation. */
  readonly policyVersion: string | null;
  readonly artifactHash: string | null;
  readonly snapshotHash: string | null;
  readonly backend: string | null;
  readonly codeVersion: string | null;
  readonly behaviorVersions: readonly string[];
  readonly config: Readonly<Record<string, unknown>>;
  /** By name: what a training measured, or the estimates of an evaluation. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Allocating share of the policy by group; `all` for everybody. */
  readonly rates: Readonly<Record<string, number>>;
  readonly verdict: string | null;
}

export function viewOfRun(run: RunSummary): RunView {
  const { id, kind, surface, state, createdAt, finishedAt, error } = run;
  const result = run.result ?? {};
  return {
    ...{ id, kind, surface, state, createdAt, finishedAt, error, hasReport: run.hasReport },
    algorithm: textOf(result['algorithm']) ?? textOf(run.config['algorithm']),
    seed: numberOf(result['seed']) ?? numberOf(run.config['seed']),
    policyVersion: textOf(result['policyVersion']) ?? textOf(run.config['policyVersion']),
    artifactHash: textOf(result['artifactHash']),
    snapshotHash: textOf(result['snapshotHash']),
    backend: textOf(at(result, 'backend')['name']),
    codeVersion: textOf(result['codeVersion']),
    behaviorVersions: versionsOf(result),
    // As parsed, with every default, where the run got so far; else as asked for.
    config: Object.keys(at(result, 'config')).length > 0 ? at(result, 'config') : configOf(run),
    metrics: { ...numbersOf(at(result, 'metrics')), ...validationOf(result), ...estimatesOf(result) },
    rates: ratesOf(result),
    verdict: textOf(at(result, 'gate')['verdict']),
  };
}

/** The headline of a run in a few words. */
export function headline({ kind, metrics, rates, verdict, error }: RunView): string {
  if (error !== null) return error.split('\n')[0].slice(0, 80);
  if (kind === 'evaluation') return verdict ?? '';
  const parts = [
    ['validation', metrics['validation']],
    ['allocates', rates['all']],
  ] as const;
  return parts
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
    .join(', ');
}

function configOf({ kind, config }: RunSummary): Readonly<Record<string, unknown>> {
  return kind === 'training' ? at(config, 'config') : config;
}

/** Point of every estimate, as `response/estimator`. */
function estimatesOf(result: Readonly<Record<string, unknown>>): Record<string, number> {
  const named = listOf(at(result, 'report')['estimates']).flatMap((entry) => {
    const { response, estimator, value } = entry as Record<string, unknown>;
    const number = numberOf(value);
    return number === null ? [] : [[`${String(response)}/${String(estimator)}`, number] as const];
  });
  return Object.fromEntries(named);
}

function validationOf(result: Readonly<Record<string, unknown>>): Record<string, number> {
  const { value, lower, upper } = numbersOf(at(result, 'validation'));
  if (value === undefined) return {};
  return { validation: value, 'validation, lower': lower, 'validation, upper': upper };
}

/** A training keeps them with their rows, an evaluation by name. */
function versionsOf(result: Readonly<Record<string, unknown>>): string[] {
  const trained = listOf(result['behaviorVersions']).map(
    (entry) => (entry as Record<string, unknown>)['version'],
  );
  return [...trained, ...listOf(at(result, 'log')['behaviorVersions'])].map(String);
}

function ratesOf(result: Readonly<Record<string, unknown>>): Record<string, number> {
  const named = listOf(result['rates']).flatMap((entry) => {
    const { group, policy } = entry as Record<string, unknown>;
    const rate = numberOf(policy);
    return rate === null ? [] : [[textOf(group) ?? 'all', rate] as const];
  });
  const served = numberOf(at(result, 'served')['shareOfActions']);
  return { ...(served === null ? {} : { all: served }), ...Object.fromEntries(named) };
}

function at(value: Readonly<Record<string, unknown>>, name: string): Readonly<Record<string, unknown>> {
  const found = value[name];
  return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {};
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
const numbersOf = (value: Readonly<Record<string, unknown>>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
