import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { readBanditLog, type BanditLogColumns } from '../tabular/bandit-log-file.ts';
import type { PolicyColumns } from '../tabular/log-columns.ts';
import type { LoadedLog } from './loaded-log.ts';

export interface FileRequest {
  readonly file: string;
  readonly columns: BanditLogColumns;
  /** Compare with the policy that produced the log. */
  readonly comparesWithBehavior: boolean;
  /** Those of `columns.groupings` that are activity groups. */
  readonly groups: readonly string[];
}

export async function loadFile({
  file,
  columns,
  comparesWithBehavior,
  groups,
}: FileRequest): Promise<LoadedLog> {
  const { hasUnits, ...rest } = await readBanditLog(file, columns);
  const { opponent } = columns;
  return {
    ...rest,
    opponentName:
      opponent === undefined ? (comparesWithBehavior ? 'behavior' : null) : named(opponent, rest.opponent),
    opponentTables: new Map(),
    groupNames: new Set(groups),
    declared: { rewardRanges: new Map() },
    source: {
      kind: 'file',
      name: file,
      sha256: await sha256Of(file),
      hasUnits,
      policy: named(columns.evaluation, rest.policy),
      ...(rest.log.behaviorVersions === undefined
        ? {}
        : { behaviorVersions: rest.log.behaviorVersions.names }),
    },
  };
}

function named(columns: PolicyColumns, policy: LoadedLog['opponent']): string {
  if (columns.kind === 'probability') return `${columns.column} (of the logged action)`;
  const last = policy?.kind === 'distribution' ? policy.actionCount - 1 : 0;
  return `${columns.prefix}0 … ${columns.prefix}${last}`;
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
