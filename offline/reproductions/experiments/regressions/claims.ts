import type { StudyTable } from '../../study-table.ts';
import type { Evidence } from './evidence.ts';
import type { Round } from './run.ts';

/** What the product promises: effective on every replica within this long. */
export const LIMIT_MS = 5_000;

/** The expected action for the expected reason, and the state that follows from it. */
export const isAsDeclared = ({ scenario, found: hit, state }: Evidence): boolean =>
  hit !== null &&
  state === scenario.expected.state &&
  (scenario.expected.names.length === 0 || scenario.expected.names.some((name) => hit.reason.includes(name)));

const isTakenBack = ({ scenario }: Evidence): boolean =>
  ['roll-back', 'pause'].includes(scenario.expected.action);

export function claims(faulty: readonly Evidence[], rounds: readonly Round[]): StudyTable['claims'] {
  const takenBack = faulty.filter(isTakenBack);
  const held = faulty.filter(({ scenario }) => scenario.expected.action === 'hold');
  const silent = faulty.filter(({ scenario }) => scenario.fault === 'never any traffic');
  const delayed = faulty.filter(({ scenario }) => scenario.fault === 'outcomes delayed');
  return [
    {
      claim: 'every regression is found, for its own reason, and acted on as declared',
      holds: faulty.every(isAsDeclared),
    },
    {
      claim: `after a rollback or pause no replica answers by the treatment for longer than ${String(LIMIT_MS)} ms`,
      holds: takenBack.every(({ lastTreatedMs }) => lastTreatedMs?.every((ms) => ms <= LIMIT_MS) === true),
    },
    {
      claim: 'while it is held nothing is widened, and no look says pass',
      holds: held.every((run) => run.stepsWhileFound === 0 && !run.isPassedWhilePlanted),
    },
    ...(silent.length === 0
      ? []
      : [
          {
            claim: 'without traffic there is no data, which is never a pass',
            holds: silent.every((run) => run.entered.units === 0 && !run.isPassedWhilePlanted),
          },
        ]),
    {
      claim: 'while the pipeline stood still no unit entered without the feedback to its first decision',
      holds: delayed.every(({ entered }) => entered.units > 0 && entered.withoutFeedback === 0),
    },
    {
      claim: 'every decision was answered, none by a fallback',
      holds: rounds.every(({ failed, decisions }) => failed === 0 && decisions > 0),
    },
  ];
}
