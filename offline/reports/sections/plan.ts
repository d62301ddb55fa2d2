import { isPlanRefusal, type PlanRefusal, type PlanReport } from '../../../src/core/ope/plan.ts';
import { html, type Html } from '../html.ts';
import { figure, percentage, table } from '../page.ts';

const count = (value: number | null): string =>
  value === null ? 'not possible' : value.toLocaleString('en');

/** How much more would have to be logged, and what it costs. */
export function planSection(results: readonly (PlanReport | PlanRefusal)[] | undefined): Html {
  if (results === undefined || results.length === 0) return html``;
  return html`<h2>What would be enough</h2>
    ${results.map((result) => (isPlanRefusal(result) ? refusalPart(result) : reportPart(result)))}`;
}

const refusalPart = ({ response, refusal }: PlanRefusal): Html =>
  html`<p>No plan for ${response}: ${refusal.reason}. Needed: ${refusal.needed}.</p>`;

function reportPart(report: PlanReport): Html {
  return html`<p><strong>${report.sentence}</strong></p>
    ${table(
      ['floor ε', 'more decisions', 'loss each', 'loss in total'],
      report.lines.map((line) => [
        line === report.best ? html`<strong>${figure(line.floor)}</strong>` : figure(line.floor),
        count(line.moreDecisions),
        `${figure(line.lossPerDecision)}\u00a0±\u00a0${figure(line.lossError)}`,
        line.totalLoss === null ? '' : figure(line.totalLoss),
      ]),
    )}
    <p class="soft">
      Floor ε: that share of decisions is made at random among the feasible actions. The plan is for a
      ${percentage(report.level)} interval of width ${figure(report.width)} for ${report.response} by snips
      (now ${figure(report.currentWidth)}), for situations like those of this log. Bold: what loses least. A
      loss below 0 is a gain.
    </p>`;
}
