import { examine } from '../../src/core/ope/examination.ts';
import { estimatorAgreement } from '../evaluation/estimator-agreement.ts';
import { weightHistogram } from '../evaluation/weight-histogram.ts';
import { opeReport } from '../reports/ope-report.ts';
import { banditOptions } from './bandit-answer.ts';
import type { LoadedLog } from './loaded-log.ts';
import type { OpeResult } from './ope-result.ts';
import { isBandit, type OpeQuestion } from './question.ts';

/** The result as a self-contained page, with what only the rows can tell: the weights, and whether estimators agree. */
export function htmlReport(loaded: LoadedLog, question: OpeQuestion, result: OpeResult): string {
  const { source, settings, groups, distribution, differences, behavior, selfTest, plan } = result;
  const { level, resamples, seed, changedLimits } = settings;
  return opeReport({
    report: result,
    header: {
      source: source.name,
      policy: source.policy,
      hasUnits: source.hasUnits,
      level,
      resamples,
      seed,
      changedLimits,
      lineage: lineageOf(result),
    },
    extras: {
      ...(behavior === undefined ? {} : { behavior }),
      ...(differences === undefined ? {} : { differences }),
      ...(groups === undefined ? {} : { groups }),
      ...(distribution === undefined ? {} : { distribution }),
      ...(selfTest === undefined ? {} : { selfTests: selfTest }),
      ...(plan === undefined ? {} : { plans: plan }),
      ...rowsOf(loaded, question),
    },
  });
}

/** Of estimators of decisions; nothing where the log is unusable. */
function rowsOf(loaded: LoadedLog, question: OpeQuestion) {
  const { log, policy } = loaded;
  const asked = question.estimators?.filter(isBandit) ?? null;
  const options = banditOptions(loaded, question, asked);
  const { unusable, weights } = examine(log, policy, options);
  if (unusable !== null) return {};
  const isCompared =
    question.pooling === 'naive' && (asked === null ? loaded.sessions === null : asked.length > 1);
  return {
    weights: weightHistogram(weights),
    ...(isCompared ? { agreement: estimatorAgreement(log, policy, options) } : {}),
  };
}

function lineageOf({ source, settings }: OpeResult): (readonly [string, string])[] {
  const { changedLimits: _said, level: _level, resamples: _resamples, seed: _seed, ...asked } = settings;
  const { artifactSha256, behaviorVersions = [] } = source;
  return [
    [source.kind === 'file' ? 'SHA-256 of the file' : 'content hash of the snapshot', source.sha256],
    ...(artifactSha256 === undefined ? [] : [['SHA-256 of the artifact', artifactSha256] as const]),
    ...(behaviorVersions.length === 0 ? [] : [['behavior versions', behaviorVersions.join(', ')] as const]),
    ...Object.entries(asked).map(
      ([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)] as const,
    ),
  ];
}
