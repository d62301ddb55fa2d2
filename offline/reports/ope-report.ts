import type { PlanRefusal, PlanReport } from '../../src/core/ope/plan.ts';
import type { SelfTestRefusal, SelfTestReport } from '../../src/core/ope/self-test/self-test-types.ts';
import type { PairAgreement } from '../evaluation/estimator-agreement.ts';
import type { WeightHistogram } from '../evaluation/weight-histogram.ts';
import { html } from './html.ts';
import { figure, page } from './page.ts';
import { agreementSection } from './sections/agreement.ts';
import { glossarySection, lineageSection } from './sections/closing.ts';
import { differencesSection, type DifferencesView } from './sections/differences.ts';
import { distributionSection, type DistributionView } from './sections/distribution.ts';
import { groupsSection } from './sections/groups.ts';
import { healthSection } from './sections/health.ts';
import { opeVerdict } from './sections/ope-verdict.ts';
import { planSection } from './sections/plan.ts';
import { responseSection } from './sections/responses.ts';
import { selfTestSection } from './sections/self-test.ts';
import { warningsSection } from './sections/warnings.ts';
import { responsesOf, type GroupView, type KnownValue, type PopulationView } from './view.ts';

/** Where a report comes from: what stands in its title and in its lineage. */
export interface OpeReportHeader {
  /** A file, or a snapshot. */
  readonly source: string;
  readonly policy: string;
  /** False: every row is its own unit. */
  readonly hasUnits: boolean;
  readonly level: number;
  readonly resamples: number;
  readonly seed: number;
  readonly changedLimits: Readonly<Record<string, number>>;
  /** Hashes, versions and settings, in the order to be shown: name, value. */
  readonly lineage?: readonly (readonly [string, string])[];
}

/** Whatever else is known; a part that is left out is not drawn. */
export interface OpeReportExtras {
  /** The log's own means. */
  readonly behavior?: readonly KnownValue[] | null;
  /** The answer, where it was measured. */
  readonly truth?: readonly KnownValue[] | null;
  readonly differences?: DifferencesView | null;
  readonly groups?: readonly GroupView[];
  readonly distribution?: readonly DistributionView[];
  readonly agreement?: readonly PairAgreement[];
  readonly weights?: WeightHistogram | null;
  readonly selfTests?: readonly (SelfTestReport | SelfTestRefusal)[];
  readonly plans?: readonly (PlanReport | PlanRefusal)[];
  readonly actions?: readonly string[];
}

export interface OpeReportInput {
  readonly report: PopulationView;
  readonly header: OpeReportHeader;
  readonly extras?: OpeReportExtras;
}

/** What `allot ope` found out as a self-contained page: the answer in a sentence first, then what it rests on. */
export function opeReport({ report, header, extras = {} }: OpeReportInput): string {
  const responses = responsesOf(report);
  return page(
    `Off-policy evaluation of ${header.policy}`,
    html`<h1>Off-policy evaluation of ${header.policy}</h1>
      <p class="soft">
        Valued from ${header.source}: ${report.log.rounds} decisions of
        ${header.hasUnits ? `${report.log.units} units` : 'which each is its own unit'}.
      </p>
      ${opeVerdict(report, extras)}
      ${responses.map((response) => responseSection(response, report.estimates, extras))}
      ${differencesSection(extras.differences)} ${groupsSection(extras.groups, report)}
      ${distributionSection(extras.distribution)} ${selfTestSection(extras.selfTests)}
      ${planSection(extras.plans)} ${agreementSection(extras.agreement)}
      ${healthSection(report, { responses, weights: extras.weights, actions: extras.actions })}
      ${warningsSection(report.estimates)} ${glossarySection(report.estimates)}
      ${lineageSection(lineageOf(header))}`,
  );
}

function lineageOf(header: OpeReportHeader): (readonly [string, string])[] {
  const changed = Object.entries(header.changedLimits).map(([name, value]) => `${name} = ${figure(value)}`);
  return [
    ['log', header.source],
    ['policy', header.policy],
    ...(header.lineage ?? []),
    ['level', figure(header.level)],
    ['bootstrap resamples', figure(header.resamples)],
    ['seed', figure(header.seed)],
    ...(changed.length === 0 ? [] : [['limits changed by flags', changed.join(', ')] as const]),
  ];
}
