import type { SessionEvaluation } from '../../evaluation/session-evaluation.ts';
import { html, type Html } from '../html.ts';
import { figure, range, table } from '../page.ts';

/** Totals of whole sessions under both policies, where the gate decides by them. */
export function sessionsSection(sessions: SessionEvaluation | null): Html {
  if (sessions === null) return html``;
  const { refusal, responses, weaknesses, estimator, lookback } = sessions;
  return html`<h2>Whole sessions: what the gate decides by</h2>
    <p class="soft">
      ${estimator} (looking back ${String(lookback ?? 0)} steps), per session: with the states and the length
      of sessions that each policy itself brings about. The last column is the difference of means per
      decision in those states, which an experiment measures.
    </p>
    ${refusal === null ? '' : html`<p class="bad">Refused: ${refusal.reason}; needed: ${refusal.needed}.</p>`}
    ${weaknesses.map((weakness) => html`<p class="bad">Weak: ${weakness}.</p>`)}
    ${
      responses.length === 0
        ? ''
        : table(
            ['response', 'candidate', 'champion', 'difference', 'interval', 'per decision'],
            responses.map(({ response, candidate, champion, difference, perDecision }) => [
              response,
              figure(candidate.value),
              figure(champion.value),
              figure(difference.value),
              range(difference),
              `${figure(perDecision.value)} (${range(perDecision)})`,
            ]),
            'stack',
          )
    }`;
}
