import { isSelfTestRefusal } from '../../../src/core/ope/self-test/self-test-types.ts';
import { isWeakness } from '../../../src/core/ope/trouble.ts';
import { isRefusal, type Estimate } from '../../../src/core/ope/report.ts';
import { html, type Html } from '../html.ts';
import { figure, listed, percentage, range } from '../page.ts';
import type { OpeReportExtras } from '../ope-report.ts';
import { answersTo, headlineOf, isWeak, knownOf, responsesOf, type PopulationView } from '../view.ts';

/** The answer in a sentence per response, and whether to believe it. */
export function opeVerdict(report: PopulationView, extras: OpeReportExtras): Html {
  const { given, sentences } = answerSentences(report, extras);
  const kind = given.length === 0 ? 'refuse' : given.some(isWeak) ? 'insufficient' : 'promote';
  return html`<div class="verdict ${kind}">
    <strong>${titles[kind]}</strong>
    ${sentences.map((sentence) => html`<p>${sentence}</p>`)} ${weaknesses(given)}
  </div>`;
}

export interface Headlines {
  /** The estimates that the sentences quote. */
  readonly given: readonly Estimate[];
  readonly sentences: readonly string[];
}

/** One sentence per response: the answer, compared with what is known; or why there is none. */
export function answerSentences(
  report: PopulationView,
  extras: OpeReportExtras,
  estimator?: string,
): Headlines {
  const headlines = responsesOf(report).map((response) => ({
    response,
    estimate: headlineOf(answersTo(report.estimates, response), estimator ?? trustedBy(extras, response)),
  }));
  return {
    given: headlines.flatMap(({ estimate }) => (estimate === undefined ? [] : [estimate])),
    sentences: headlines.map(({ response, estimate }) =>
      estimate === undefined ? refusalSentence(report, response) : answerSentence(estimate, extras),
    ),
  };
}

const titles = {
  promote: 'The log answers this.',
  insufficient: 'Weak evidence: enough for a look, not for a decision.',
  refuse: 'Refused: this log does not support an answer.',
} as const;

function trustedBy({ selfTests = [] }: OpeReportExtras, response: string): string | undefined {
  const report = selfTests.find((result) => result.response === response);
  return report === undefined || isSelfTestRefusal(report) ? undefined : report.advice.trusted?.estimator;
}

const estimands = {
  'per-decision': 'per decision',
  'per-session': 'per session',
  'per-unit': 'per unit',
} as const;

function answerSentence(estimate: Estimate, extras: OpeReportExtras): string {
  const { response, estimator, estimand, value, intervals } = estimate;
  const [interval] = intervals;
  const within =
    interval === undefined
      ? ''
      : ` (${percentage(interval.level)} interval ${range(interval)}, ${estimator})`;
  const truth = knownOf(extras.truth, response);
  const measured =
    truth === undefined
      ? ''
      : ` Measured while it was served: ${figure(truth.value)}\u00a0±\u00a0${figure(truth.standardError)}.`;
  return `${response} under the valued policy is about ${figure(value)} ${estimands[estimand]}${within}.${comparison(estimate, extras)}${measured}`;
}

/** From the paired difference where there is one; else the log's mean, without a claim. */
function comparison({ response, estimator }: Estimate, { differences, behavior }: OpeReportExtras): string {
  const difference = answersTo(differences?.estimates ?? [], response).find(
    (candidate) => candidate.estimator === estimator,
  );
  const interval = difference?.intervals[0];
  if (difference !== undefined && interval !== undefined && differences) {
    const by = `(difference ${range(interval)})`;
    if (interval.lower > 0) return ` That is more than ${differences.against} ${by}.`;
    if (interval.upper < 0) return ` That is less than ${differences.against} ${by}.`;
    return ` No difference to ${differences.against} can be shown ${by}.`;
  }
  const mean = knownOf(behavior, response);
  return mean === undefined ? '' : ` The log’s own mean is ${figure(mean.value)}.`;
}

function refusalSentence({ estimates }: PopulationView, response: string): string {
  const refused = estimates.find((result) => result.response === response && isRefusal(result));
  if (refused === undefined || !isRefusal(refused)) return `${response}: only models answer, no data.`;
  const { reason, needed } = refused.refusal;
  return `${response}: ${reason}. Needed: ${needed}.`;
}

function weaknesses(estimates: readonly Estimate[]): Html {
  const reasons = estimates.flatMap(({ warnings }) =>
    warnings.filter(isWeakness).map(({ reason }) => reason),
  );
  const unique = [...new Set(reasons)];
  return unique.length === 0 ? html`` : html`<p class="soft">Weak because ${listed(unique)}.</p>`;
}
