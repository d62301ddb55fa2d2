import { html, type Html } from './html.ts';
import { figure, page, percentage, range, table } from './page.ts';
import { lineageSection } from './sections/closing.ts';
import { curvesSection } from './sections/training-curves.ts';
import type { TrainingView } from './training-view.ts';

/** One training as a page: whether there is a policy in a sentence first, then how it got there. */
export function trainingReport(view: TrainingView): string {
  const { surface, algorithm, seed, diagnosis } = view;
  const outcome = diagnosis === null ? 'trained' : 'stopped';
  return page(
    `${surface}, ${algorithm}, seed ${seed}: ${outcome}`,
    html`<h1>Training of ${algorithm} for ${surface}, seed ${seed}</h1>
      ${verdictBox(view)} ${ratesSection(view)} ${curvesSection(view.curve, view.rates)}
      ${metricsSection(view)} ${configSection(view)} ${lineageSection(view.lineage)}`,
  );
}

function verdictBox({ diagnosis, validation, rates }: TrainingView): Html {
  if (diagnosis !== null)
    return html`<div class="verdict refuse">
      <strong>stopped.</strong> Training stopped itself in ${diagnosis.phase}, step ${diagnosis.step}; there
      is no policy.
      <p>${diagnosis.kind}: ${diagnosis.what}.</p>
      <p>Try: ${diagnosis.suggestion}.</p>
    </div>`;
  const overall = rates.find(({ group }) => group === null);
  return html`<div class="verdict promote">
    <strong>trained.</strong> There is a policy; nothing is said here about whether it may be served: evaluate
    it.
    ${
      overall === undefined
        ? ''
        : html`<p>
            It allocates in ${percentage(overall.policy)} of the held states; the behaviour did in
            ${percentage(overall.behavior)}.
          </p>`
    }
    ${
      validation === null
        ? html`<p>The validation units cannot say what it is worth.</p>`
        : html`<p>
            On the validation units ${validation.response} is about ${figure(validation.value)} per decision
            (${range(validation)}, ${percentage(validation.level)};
            ${figure(Math.round(validation.effectiveUnits))} of ${validation.units} units count).
          </p>`
    }
  </div>`;
}

const ratesSection = ({ rates }: TrainingView): Html =>
  rates.length === 0
    ? html``
    : html`<h2>Allocating share</h2>
        ${table(
          ['states', 'number', 'behaviour', 'policy'],
          rates.map(({ group, states, behavior, policy }) => [
            group ?? 'all',
            states,
            percentage(behavior),
            percentage(policy),
          ]),
        )}`;

const metricsSection = ({ metrics }: TrainingView): Html =>
  Object.keys(metrics).length === 0
    ? html``
    : html`<h2>Metrics</h2>
        ${table(
          ['metric', 'value'],
          Object.entries(metrics).map(([name, value]) => [name, value]),
        )}`;

const configSection = ({ config }: TrainingView): Html =>
  html`<h2>Config</h2>
    ${table(
      ['setting', 'value'],
      Object.entries(config).map(([name, value]) => [name, html`<code>${JSON.stringify(value)}</code>`]),
      'stack',
    )}`;
