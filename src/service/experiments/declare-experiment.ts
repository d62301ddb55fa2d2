import { refuse, violation } from '../../core/check.ts';
import type { Violation } from '../../core/errors.ts';
import type { Experiment, RampBlock, Variant } from '../../core/experiment/experiment.ts';
import {
  defaultMetrics,
  defaultRamp,
  type ExperimentPlan,
  type RampPlan,
} from '../../core/experiment/plan.ts';
import { blockUpTo } from '../../core/experiment/ramp.ts';
import type { Surface } from '../../core/surface/surface.ts';
import type { PolicyStore } from '../ports/stores.ts';
import type { ArtifactTrust } from '../registry/artifact-signatures.ts';
import { mustBeServable, mustBeTrusted } from '../registry/policies.ts';
import type { ExperimentDeclaration } from '../schemas/experiment.ts';

/** The draft that a declaration describes, without what only the registry knows. */
export function experimentOf(
  declared: ExperimentDeclaration,
  surface: Surface,
  known: {
    readonly variants: readonly Variant[];
    readonly salt: string;
    readonly now: number;
    readonly by: string;
  },
): Experiment {
  const plan = planFrom(declared, surface);
  refuse('invalid_request', [...brokenVariants(declared), ...brokenPlan(declared, plan, surface)]);
  const firstShare = plan.ramp?.steps[0].trafficShare ?? declared.trafficShare ?? 1;
  return {
    id: declared.name,
    surface: declared.surface,
    name: declared.name,
    state: 'draft',
    salt: known.salt,
    layer: declared.layer,
    holdoutShare: declared.holdoutShare,
    variants: known.variants,
    blocks: firstBlock(firstShare, known.now),
    level: declared.level,
    plan,
    createdBy: known.by,
    ...(declared.forcedUnits === undefined ? {} : { forcedUnits: declared.forcedUnits }),
  };
}

/** A draft carries its first block; it takes effect when the experiment starts. */
function firstBlock(trafficShare: number, now: number): readonly RampBlock[] {
  const block = blockUpTo([], trafficShare, now);
  if (block === null) {
    refuse('invalid_request', [
      violation('trafficShare', 'must be at least one bucket of 10,000', trafficShare),
    ]);
  }
  return block === null ? [] : [block];
}

const planFrom = (declared: ExperimentDeclaration, surface: Surface): ExperimentPlan => ({
  ramp: declared.ramp === 'default' ? defaultRamp() : declared.ramp,
  metrics: declared.metrics ?? defaultMetrics(surface),
  estimand: declared.estimand,
  method: declared.method,
  minUnits: declared.minUnits,
  tunedAtUnits: declared.tunedAtUnits,
  horizonUnits: declared.horizonUnits,
  covariate: declared.covariate,
  confirmationShare: declared.confirmationShare,
  health: declared.health,
  isApprovalNeeded: declared.isApprovalNeeded,
});

function brokenVariants({ variants, forcedUnits, ramp, trafficShare }: ExperimentDeclaration): Violation[] {
  const names = new Set(variants.map(({ name }) => name));
  const controls = variants.filter(({ role }) => role === 'control').length;
  const rules = [
    ...(names.size === variants.length ? [] : [violation('variants', 'must have different names')]),
    ...(controls === 1 ? [] : [violation('variants', 'must have exactly one control', controls)]),
    ...variants.flatMap(({ policyVersion, alias }, i) =>
      (policyVersion === undefined) === (alias === undefined)
        ? [violation(`variants[${String(i)}]`, 'must have a policyVersion or an alias')]
        : [],
    ),
    ...Object.entries(forcedUnits ?? {}).flatMap(([unitId, name]) =>
      names.has(name) ? [] : [violation(`forcedUnits.${unitId}`, 'must be a variant', name)],
    ),
  ];
  if (ramp !== null && trafficShare !== undefined) {
    rules.push(violation('trafficShare', 'must not be given with a ramp', trafficShare));
  }
  return rules;
}

function brokenPlan(declared: ExperimentDeclaration, plan: ExperimentPlan, surface: Surface): Violation[] {
  const responses = new Set(surface.responses.map(({ name }) => name));
  const features = new Set(surface.features.map(({ name }) => name));
  const mains = declared.metrics?.filter(({ role }) => role === 'main').length ?? 1;
  const names = new Set(plan.metrics.map(({ name }) => name));
  const { covariate } = plan;
  return [
    ...(mains === 1 ? [] : [violation('metrics', 'must have exactly one main', mains)]),
    ...(names.size === plan.metrics.length ? [] : [violation('metrics', 'must have different names')]),
    ...plan.metrics.flatMap(({ source }, i) =>
      source === 'share-of-actions' || responses.has(source.response)
        ? []
        : [
            violation(
              `metrics[${String(i)}].source.response`,
              'must be a response of the surface',
              source.response,
            ),
          ],
    ),
    ...(covariate?.kind === 'response' && !responses.has(covariate.response)
      ? [violation('covariate.response', 'must be a response of the surface', covariate.response)]
      : []),
    ...(covariate?.kind === 'feature' && !features.has(covariate.feature)
      ? [violation('covariate.feature', 'must be a feature of the surface', covariate.feature)]
      : []),
    ...brokenRamp(plan.ramp),
  ];
}

function brokenRamp(ramp: RampPlan | null): Violation[] {
  return (ramp?.steps ?? []).flatMap((step, i, steps) =>
    i === 0 || step.trafficShare > steps[i - 1].trafficShare
      ? []
      : [
          violation(
            `ramp.steps[${String(i)}].trafficShare`,
            'must be above the step before',
            step.trafficShare,
          ),
        ],
  );
}

/** Variants with their versions: aliases as they stand now, every version servable on the surface. */
export async function resolveVariants(
  policies: PolicyStore,
  {
    tenant,
    surface,
    trust,
  }: {
    readonly tenant: string;
    readonly surface: string;
    readonly trust?: ArtifactTrust | undefined;
  },
  variants: readonly {
    readonly name: string;
    readonly role: Variant['role'];
    readonly policyVersion?: string | undefined;
    readonly alias?: string | undefined;
  }[],
): Promise<readonly Variant[]> {
  const aliases = await policies.aliases(tenant, surface);
  const resolved: Variant[] = [];
  for (const [i, { name, role, policyVersion, alias }] of variants.entries()) {
    const version = alias === undefined ? policyVersion : aliases[alias];
    if (version === undefined) {
      refuse('invalid_request', [
        violation(`variants[${String(i)}].alias`, 'must be an alias of the surface', alias),
      ]);
      continue;
    }
    const policy = await mustBeServable(policies, tenant, version, surface);
    await mustBeTrusted(policies, tenant, policy, trust);
    resolved.push({ name, role, policyVersion: version, ...(alias === undefined ? {} : { alias }) });
  }
  return resolved;
}
