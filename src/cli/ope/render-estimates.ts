import type { EstimateAnswer } from '../../../offline/ope/ope-result.ts';
import { table } from '../output.ts';

/** A row per estimate: value, standard error, a column for every interval that any of them has, warnings by code. */
export function renderEstimates(estimates: readonly EstimateAnswer[], level: number): string {
  const methods = [...new Set(estimates.flatMap(({ intervals }) => intervals.map(({ method }) => method)))];
  const of = `${Number((level * 100).toPrecision(6))} %`;
  const responses = new Set(estimates.map(({ estimand }) => estimand));
  // The estimand stands beside the name only where there are several: they are never to be compared.
  const estimand = (estimate: EstimateAnswer): string[] => (responses.size > 1 ? [estimate.estimand] : []);
  return table(
    [
      'response',
      'estimator',
      ...(responses.size > 1 ? ['estimand'] : []),
      'value',
      'std. error',
      ...methods.map((method) => `${of} ${shortNames[method] ?? method}`),
      'warnings',
    ],
    estimates.map((estimate) => [
      estimate.response,
      estimate.estimator + settingText(estimate),
      ...estimand(estimate),
      digits(estimate.value),
      digits(estimate.standardError),
      ...methods.map((method) => intervalText(estimate, method)),
      estimate.warnings.length === 0
        ? 'none'
        : [...new Set(estimate.warnings.map(({ code }) => code))].join(', '),
    ]),
  );
}

const shortNames: Readonly<Record<string, string>> = {
  'bootstrap-percentile': 'bootstrap',
  'delta-normal': 'normal',
};

/** The settings that a reader must know beside the name: a clip or another hyper-parameter. */
export function settingText({ hyperParameters }: EstimateAnswer): string {
  const texts = Object.entries(hyperParameters ?? {}).flatMap(([name, value]) =>
    // A discount of 1 and no clip change nothing; the settings of the DICE family stand in the JSON.
    names[name] === undefined || (name === 'discount' && value === 1) || value === 'infinity'
      ? []
      : [`${names[name]} ${value}`],
  );
  return texts.length === 0 ? '' : ` (${texts.join(', ')})`;
}

const names: Readonly<Record<string, string>> = {
  clip: 'clip',
  lookback: 'looking back',
  switchThreshold: 'λ',
  drosLambda: 'λ',
  subGaussianLambda: 'λ',
  discount: 'γ',
  tuning: 'by',
};

export function intervalText({ intervals }: EstimateAnswer, method: string): string {
  const interval = intervals.find((i) => i.method === method);
  return interval === undefined ? '–' : `[${digits(interval.lower)}, ${digits(interval.upper)}]`;
}

export const digits = (value: number | null): string =>
  value !== null && Number.isFinite(value) ? value.toPrecision(5) : 'unknown';

/** Every reason why an interval was not given, once. */
export function renderIntervalRefusals(estimates: readonly EstimateAnswer[]): string[] {
  const known = new Map<string, { readonly methods: Set<string>; readonly who: Set<string> }>();
  for (const { response, estimator, intervalRefusals = [] } of estimates) {
    for (const { method, refusal } of intervalRefusals) {
      const text = `${refusal.reason}\n    needed: ${refusal.needed}`;
      const { methods, who } = known.get(text) ?? { methods: new Set(), who: new Set() };
      known.set(text, { methods: methods.add(method), who: who.add(`${response}/${estimator}`) });
    }
  }
  if (known.size === 0) return [];
  const lines = [...known].map(
    ([text, { methods, who }]) => `  ${[...methods].join(', ')}: ${text}\n    for: ${[...who].join(', ')}`,
  );
  return [['intervals not given', ...lines].join('\n')];
}
