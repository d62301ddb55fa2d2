import type { GateLine } from '../../src/core/ope/gate-verdict.ts';
import type { EvaluationResult } from '../evaluation/evaluation-result.ts';
import { html, type Html } from './html.ts';
import { figure, listed, page, percentage, table } from './page.ts';
import { agreementSection } from './sections/agreement.ts';
import { glossarySection, lineageSection } from './sections/closing.ts';
import { constraintsSection } from './sections/constraints.ts';
import { differencesSection } from './sections/differences.ts';
import { groupsSection } from './sections/groups.ts';
import { healthSection } from './sections/health.ts';
import { answerSentences } from './sections/ope-verdict.ts';
import { responseSection } from './sections/responses.ts';
import { sessionsSection } from './sections/sessions.ts';
import { warningsSection } from './sections/warnings.ts';
import { groupViews, responsesOf } from './view.ts';

/** One evaluation as a page: the verdict in a sentence first, then what it rests on. */
export function evaluationReport(result: EvaluationResult): string {
  const { report, groups, gate } = result;
  const responses = responsesOf(report);
  return page(
    `${result.policyVersion}: ${gate.verdict}`,
    html`<h1>Off-policy evaluation of ${result.policyVersion}</h1>
      ${verdictBox(result)} ${gateSection(result)} ${constraintsSection(result.constraints)}
      ${responses.map((response) => responseSection(response, report.estimates, result))}
      ${sessionsSection(result.sessions)} ${differencesSection(result.differences)}
      ${groupsSection(groupViews(groups), report, result.settings.decidingEstimator)}
      ${agreementSection(result.agreement)}
      ${healthSection(report, { responses, weights: result.weights, extra: servedRows(result) })}
      ${warningsSection(report.estimates)} ${glossarySection(report.estimates)}
      ${lineageSection(lineageOf(result))}`,
  );
}

function verdictBox({ gate, report, settings, ...rest }: EvaluationResult): Html {
  const sentence = {
    promote: 'The gate would let it in: every line holds.',
    refuse: 'The gate refuses it: a bound proves a violation.',
    'insufficient evidence': 'The log does not say enough for the gate.',
  }[gate.verdict];
  const inState = (state: GateLine['state']): string[] =>
    gate.lines.filter((line) => line.state === state).map(({ name }) => name);
  const known = { behavior: rest.behavior, truth: rest.truth, differences: rest.differences };
  const answers = answerSentences(report, known, settings.decidingEstimator).sentences;
  const [violated, undecided] = [inState('violated'), inState('undecided')];
  return html`<div class="verdict ${gate.verdict.split(' ')[0]}">
    <strong>${gate.verdict}.</strong> ${sentence}
    ${violated.length === 0 ? '' : html`<p>Violated: ${listed(violated)}.</p>`}
    ${undecided.length === 0 ? '' : html`<p>Undecided: ${listed(undecided)}.</p>`}
    ${rest.unguarded.map((loss) => html`<p class="bad">! ${loss}.</p>`)}
    ${answers.map((answer) => html`<p>${answer}</p>`)}
  </div>`;
}

const stateClass = { holds: 'good', violated: 'bad', undecided: '' } as const;

const gateSection = ({ gate }: EvaluationResult): Html =>
  html`<h2>Lines of the gate</h2>
    <p class="soft">
      All must hold to promote; one violated line refuses; anything else is insufficient evidence, which is a
      result.
    </p>
    ${table(
      ['line', 'estimand', 'state', 'bound', 'threshold', 'why'],
      gate.lines.map((line) => [
        line.name,
        line.estimand ?? '',
        html`<span class="${stateClass[line.state]}">${line.state}</span>`,
        line.bound === null ? '' : figure(line.bound),
        line.threshold === null ? '' : figure(line.threshold),
        line.reason,
      ]),
      'stack',
    )}`;

const servedRows = ({ served }: EvaluationResult): [string, string, string][] => [
  ...(served.shareOfActions === null ? [] : [actionShare(served.shareOfActions)]),
  [
    'own pacing factor',
    figure(served.pacingFactor),
    'its allocation is multiplied by this to meet the pacing target',
  ],
];

const actionShare = (share: number): [string, string, string] => [
  'share of actions',
  percentage(share),
  'mean probability under the valued policy of doing anything',
];

function lineageOf(result: EvaluationResult): (readonly [string, string])[] {
  const { log, settings, gate } = result;
  return [
    ['surface', result.surface],
    ['policy version', result.policyVersion],
    ['artifact (SHA-256)', result.artifactHash],
    ['snapshot (content hash)', result.snapshotHash],
    ['verdict bound to', `${gate.artifactHash}, ${gate.snapshotHash}`],
    ['log', `${log.from} to ${log.until}`],
    ['logged by', log.behaviorVersions.join(', ')],
    ['level', figure(settings.level)],
    ['bootstrap resamples', figure(settings.resamples)],
    ['seed', figure(settings.seed)],
    ['deciding estimator', `${settings.decidingEstimator}, ${settings.decidingEstimand}`],
    ['clip', settings.clip === null ? 'none' : figure(settings.clip)],
  ];
}
