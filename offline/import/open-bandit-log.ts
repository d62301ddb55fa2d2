import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AllotError } from '../../src/core/errors.ts';
import type { Surface } from '../../src/core/surface/surface.ts';
import { numberAt, propensityAt, textAt, timeAt } from './cells.ts';
import type { ImportedDecision } from './imported-decision.ts';
import type { BetaPrior } from './open-bandit-prior.ts';
import { itemAction, USER_FEATURES } from './open-bandit-surface.ts';
import { readRows, type SourceRow } from './rows.ts';

export type OpenBanditPolicy = 'random' | 'bts';

/** `<folder>/<name>` or the same gzipped; the data set is published both ways. */
function locate(folder: string, name: string): string | null {
  return [join(folder, name), join(folder, `${name}.gz`)].find((path) => existsSync(path)) ?? null;
}

function required(folder: string, name: string): string {
  const file = locate(folder, name);
  if (file === null) {
    throw new AllotError('log_unreadable', `${join(folder, name)}: no such file (nor the same with .gz)`);
  }
  return file;
}

export const logFile = (folder: string, policy: OpenBanditPolicy, campaign: string): string =>
  required(folder, join(policy, campaign, `${campaign}.csv`));

/** What a surface for the campaign must know before the first row: items and categories, of both logs. */
export async function scanCampaign(
  folder: string,
  campaign: string,
): Promise<{ readonly itemCount: number; readonly userValues: readonly (readonly string[])[] }> {
  const seen = USER_FEATURES.map(() => new Set<string>());
  let itemCount = 0;
  for (const policy of ['random', 'bts'] as const) {
    const file = locate(folder, join(policy, campaign, `${campaign}.csv`));
    if (file === null) continue;
    for await (const row of readRows(file)) {
      USER_FEATURES.forEach((name, i) => seen[i].add(textAt(row, name)));
      itemCount = Math.max(itemCount, numberAt(row, 'item_id') + 1);
    }
  }
  if (itemCount < 2) {
    throw new AllotError(
      'log_unreadable',
      `${folder}: no log of campaign "${campaign}" with at least two items`,
    );
  }
  return { itemCount, userValues: seen.map((values) => [...values].sort()) };
}

export async function* readOpenBandit(
  file: string,
  surface: Surface,
  policy: { readonly name: OpenBanditPolicy; readonly version: string },
): AsyncIterable<ImportedDecision> {
  for await (const row of readRows(file)) yield toDecision(row, surface, policy);
}

function toDecision(
  row: SourceRow,
  surface: Surface,
  policy: { readonly name: OpenBanditPolicy; readonly version: string },
): ImportedDecision {
  // Rows of one visit are not linked in the published log, so every row is a unit of its own.
  const id = `${policy.name}-${textAt(row, '')}`;
  const affinity = surface.actions.map((_, item) => numberAt(row, `user-item_affinity_${item}`));
  const users = USER_FEATURES.map((name): [string, string] => [name, textAt(row, name)]);
  return {
    requestId: id,
    unitId: id,
    sessionId: null,
    decidedAt: timeAt(row, 'timestamp'),
    features: { position: textAt(row, 'position'), ...Object.fromEntries(users), affinity },
    eligibleActions: surface.actions,
    action: itemAction(textAt(row, 'item_id')),
    propensity: propensityAt(row, 'propensity_score'),
    policyVersion: policy.version,
    responses: { click: numberAt(row, 'click') },
  };
}

/** The Beta prior that the data set gives for replaying its Thompson sampler, by item. */
export async function readPrior(folder: string, campaign: string): Promise<readonly BetaPrior[] | null> {
  const file = locate(folder, `bts_prior_${campaign}.csv`);
  if (file === null) return null;
  const prior: BetaPrior[] = [];
  for await (const row of readRows(file)) {
    prior[numberAt(row, 'item_id')] = {
      alpha: numberAt(row, 'alpha'),
      beta: numberAt(row, 'beta'),
    };
  }
  return prior;
}
