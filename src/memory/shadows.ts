import { mergeShadowScores } from '../core/experiment/shadow-score.ts';
import type { ShadowDay, ShadowStore } from '../service/ports/shadows.ts';
import { copy, keyOf } from './state.ts';

export function createShadowStore(): ShadowStore {
  const marks = new Map<string, number>();
  const days = new Map<string, { tenant: string; scored: ShadowDay }>();
  return {
    readUntil: async (tenant, surface, version) => marks.get(keyOf(tenant, surface, version)) ?? null,
    async add(tenant, scored, { from, until }) {
      const mark = keyOf(tenant, scored.surface, scored.policyVersion);
      if ((marks.get(mark) ?? null) !== from) return false;
      marks.set(mark, until);
      const key = keyOf(mark, scored.day);
      const before = days.get(key)?.scored.score;
      const score = before === undefined ? scored.score : mergeShadowScores(before, scored.score);
      days.set(key, { tenant, scored: copy({ ...scored, score }) });
      return true;
    },
    list: async (tenant, surface) =>
      [...days.values()]
        .filter((row) => row.tenant === tenant && (surface === undefined || row.scored.surface === surface))
        .map((row) => copy(row.scored)),
  };
}
