import { describe, expect, it } from 'vitest';
import { evaluatePolicy } from '../../../offline/evaluation/evaluate-policy.ts';
import type { EvaluationResult } from '../../../offline/evaluation/evaluation-result.ts';
import { servedActions } from '../../../offline/reproductions/learning/policy-truth.ts';
import { simulatedDataset } from '../../../offline/reproductions/learning/simulated-dataset.ts';
import { createRandom } from '../../../src/core/math/random.ts';
import type { GateLine } from '../../../src/core/ope/gate-verdict.ts';
import type { PolicyArtifact } from '../../../src/core/policy/artifact.ts';
import { fixedPolicyArtifact } from '../../../src/core/policy/policy.ts';
import type { GateSpec, Surface } from '../../../src/core/surface/surface.ts';
import { behaviorPolicy, toActionPolicy } from '../../../src/simulation/policies.ts';
import { liveFeedSurface } from '../../../src/simulation/surface.ts';
import { trueValuesOf } from '../../../src/simulation/true-value.ts';
import { defaultFeedWorld, type FeedWorldConfig } from '../../../src/simulation/world.ts';

const even = { base: 0.5, score: 0, affinity: 0, min: 0, max: 1 };
/** Streams pay more now than short videos do, and whoever is shown one is likely to leave. */
const leaving: FeedWorldConfig = {
  ...defaultFeedWorld,
  behavior: even,
  reactions: { ...defaultFeedWorld.reactions, leaveEntered: 0.3, leaveSkipped: 0.3, leaveNull: 0.02 },
};
const staying: FeedWorldConfig = { ...defaultFeedWorld, behavior: even };

function surfaceOf(world: FeedWorldConfig, gate: Partial<GateSpec> = {}): Surface {
  const declared = liveFeedSurface(world, { name: 'feed', windowSeconds: 4 });
  return { ...declared, horizon: 'session', gate: { ...declared.gate, estimator: 'dr', ...gate } };
}

const streams = fixedPolicyArtifact(surfaceOf(leaving), [0.2, 0.8]);
const fewer = fixedPolicyArtifact(surfaceOf(leaving), [0.7, 0.3]);

/** logit of a stream = 6 · (what the unit likes and what the candidate promises − 1). */
function picky(surface: Surface): PolicyArtifact {
  const base = fixedPolicyArtifact(surface, [0.5, 0.5]);
  const input = (feature: string) =>
    ({ feature, kind: 'numeric', transform: 'identity', mean: 0.5, std: 1 }) as const;
  return {
    header: {
      ...base.header,
      algorithm: 'by-hand',
      encoder: { inputs: [input('candidateScore'), input('liveAffinity')], width: 4 },
      network: [{ kind: 'dense', in: 4, out: 2, activation: 'none' }],
      weightCount: 10,
    },
    // Inputs are value and "was defaulted" of each feature; two actions.
    weights: Float32Array.of(0, 6, 0, 0, 0, 6, 0, 0, 0, 0),
  };
}

interface Asked {
  readonly world: FeedWorldConfig;
  readonly artifact: PolicyArtifact;
  readonly units: number;
  readonly seed: number;
  readonly gate?: Partial<GateSpec>;
}

function judge({ world, artifact, units, seed, gate = {} }: Asked): EvaluationResult {
  const surface = surfaceOf(world, gate);
  return evaluatePolicy({
    dataset: simulatedDataset(world, surface, { units, seed }),
    candidate: { version: 'feed@2', hash: 'a'.repeat(64), artifact },
    champion: null,
    behaviorVersions: null,
    resamples: 200,
    seed,
    clip: null,
    candidatesOnSlice: 1,
  });
}

const mainLine = ({ gate }: EvaluationResult): GateLine =>
  gate.lines.find(({ name }) => name === 'main: watch_seconds') ?? gate.lines[0];

/** Of watch time: total of a session and mean per decision, minus those of the log's policy. */
function truth(world: FeedWorldConfig, artifact: PolicyArtifact) {
  const valued = [servedActions(artifact, surfaceOf(world)), toActionPolicy(behaviorPolicy(world))].map(
    (policy) => trueValuesOf(world, policy, { units: 4000, random: createRandom(9) }).get('watch_seconds'),
  );
  const [mine, theirs] = valued;
  return {
    perSession: (mine?.perSession.value ?? NaN) - (theirs?.perSession.value ?? NaN),
    perDecision: (mine?.value ?? NaN) - (theirs?.value ?? NaN),
  };
}

const seeds = [1, 2, 3, 4, 5];

describe('the gate on a surface whose horizon is the session', () => {
  it('never lets in a policy that gains now and ends sessions, which a gate per decision lets through its main line', () => {
    expect(truth(leaving, streams).perSession).toBeLessThan(-40);
    for (const seed of seeds) {
      const asked = { world: leaving, artifact: streams, units: 500, seed };
      const bySession = judge(asked);
      expect(bySession.gate.verdict).not.toBe('promote');
      expect(mainLine(bySession)).toMatchObject({ estimand: 'per-session' });
      expect(mainLine(bySession).state).not.toBe('holds');
      const byDecision = judge({ ...asked, gate: { estimand: 'per-decision' } });
      expect(mainLine(byDecision)).toMatchObject({ estimand: 'per-decision', state: 'holds' });
      expect(byDecision.sessions).toBeNull();
    }
    const long = judge({ world: leaving, artifact: streams, units: 2000, seed: 1 });
    expect(mainLine(long).state).toBe('violated');
  });

  it('lets in one that keeps sessions going, which a gate per decision refuses', () => {
    expect(truth(leaving, fewer).perSession).toBeGreaterThan(20);
    const asked = { world: leaving, artifact: fewer, units: 900, seed: 1 };
    expect(mainLine(judge(asked)).state).toBe('holds');
    expect(mainLine(judge({ ...asked, gate: { estimand: 'per-decision' } })).state).not.toBe('holds');
  });

  it('promotes a better policy when there is enough of a log, and says what is missing when there is not', () => {
    const artifact = picky(surfaceOf(staying));
    expect(judge({ world: staying, artifact, units: 1200, seed: 2 }).gate.verdict).toBe('promote');
    const few = judge({ world: staying, artifact, units: 120, seed: 2 }).gate;
    expect(few.verdict).toBe('insufficient evidence');
    expect(few.reasons.join()).toMatch(/units of such a log would be enough/);
  });

  it('covers the true totals of sessions, and the means per decision in the policy’s own states', () => {
    const asked = [
      { world: leaving, artifact: fewer },
      { world: staying, artifact: picky(surfaceOf(staying)) },
    ];
    const covered = { perSession: 0, perDecision: 0 };
    for (const one of asked) {
      const known = truth(one.world, one.artifact);
      for (const seed of seeds) {
        const { sessions } = judge({ ...one, units: 500, seed });
        const watch = sessions?.responses.find(({ response }) => response === 'watch_seconds');
        const holds = (figure: { lower: number; upper: number } | undefined, value: number): number =>
          Number(figure !== undefined && figure.lower <= value && value <= figure.upper);
        covered.perSession += holds(watch?.difference, known.perSession);
        covered.perDecision += holds(watch?.perDecision, known.perDecision);
      }
    }
    // Of 10 at 95 %: fewer than 8 happens once in a hundred studies.
    expect(covered.perSession).toBeGreaterThanOrEqual(8);
    expect(covered.perDecision).toBeGreaterThanOrEqual(8);
  });

  it('names the estimand of every line that is about a value', () => {
    const { gate } = judge({ world: staying, artifact: fewer, units: 300, seed: 3 });
    const named = Object.fromEntries(gate.lines.map(({ name, estimand }) => [name, estimand ?? '–']));
    expect(named).toEqual({
      health: '–',
      'health: sessions': '–',
      'main: watch_seconds': 'per-session',
      'auxiliary: live_watch_seconds': 'per-session',
      'auxiliary: like': 'per-session',
      'constraint: hide-rate': 'per-session',
    });
  });
});
