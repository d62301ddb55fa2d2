import type { Grouping } from '../../src/core/ope/by-group.ts';
import type { SequentialEstimatorId } from '../../src/core/ope/report.ts';
import type { SessionRows } from '../tabular/bandit-log-file.ts';
import type { LoadedLog } from './loaded-log.ts';
import type { GroupAnswer } from './ope-result.ts';
import type { OpeQuestion } from './question.ts';
import { answerSessions } from './session-answer.ts';
import { selectLoadedRows } from './session-log.ts';

/** Every group as a population of whole sessions: a session is of the group of its first step, whatever came later. */
export function sessionGroups(
  loaded: LoadedLog,
  question: OpeQuestion,
  ids: readonly SequentialEstimatorId[] | null,
): GroupAnswer[] {
  const { sessions, groupings, groupNames } = loaded;
  if (sessions === null) return [];
  return groupings.flatMap((grouping) => {
    const groupOf = groupOfSessions(sessions, grouping);
    const labels = grouping.labels ?? [];
    return labels.flatMap((label, group): GroupAnswer[] => {
      const keep = Int32Array.from(grouping.index.keys()).filter(
        (i) => groupOf.get(sessions.sessions[i]) === group,
      );
      if (keep.length === 0) return [];
      const part = selectLoadedRows(loaded, keep);
      if (part.sessions === null) return [];
      const answer = answerSessions(part, part.sessions, question, ids);
      const kind = groupNames.has(grouping.name) ? 'group' : 'segment';
      return [{ grouping: grouping.name, kind, label, ...answer }];
    });
  });
}

function groupOfSessions(
  { sessions, steps }: SessionRows,
  { index }: Grouping,
): Map<string | number, number> {
  const first = new Map<string | number, number>();
  for (let i = 0; i < steps.length; i++) {
    const known = first.get(sessions[i]);
    if (known === undefined || steps[i] < steps[known]) first.set(sessions[i], i);
  }
  return new Map([...first].map(([session, row]) => [session, index[row]]));
}
