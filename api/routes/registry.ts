import { parseOptional } from '../../src/service/schemas/parse.ts';
import {
  aliasSchema,
  artifactSignatureSchema,
  policyDeclarationSchema,
  reasonOnlySchema,
} from '../../src/service/schemas/registry.ts';
import { surfaceDeclarationSchema } from '../../src/service/schemas/surface.ts';
import { json, type Call, type Reply, type Route } from './route.ts';

const bySurface = { surface: 'Only of this surface' };

async function setKilled({ services, principal, params, body }: Call, isKilled: boolean): Promise<Reply> {
  const { reason } = parseOptional(reasonOnlySchema, body);
  await services.surfaces.setKilled(params.name, isKilled, principal, reason);
  return json({ surface: params.name, isKilled, ...(await services.serving.confirmations()) });
}

export const registryRoutes: readonly Route[] = [
  {
    method: 'get',
    path: '/v1/surfaces',
    summary: 'All declared surfaces',
    permission: 'view',
    answers: [200],
    handle: async ({ services, principal }) => json({ surfaces: await services.surfaces.list(principal) }),
  },
  {
    method: 'post',
    path: '/v1/surfaces/{name}:kill',
    summary: 'Kill switch: serve the safe action',
    permission: 'administer',
    body: reasonOnlySchema,
    answers: [200],
    handle: (call) => setKilled(call, true),
  },
  {
    method: 'post',
    path: '/v1/surfaces/{name}:revive',
    summary: 'Undo the kill switch',
    permission: 'administer',
    body: reasonOnlySchema,
    answers: [200],
    handle: (call) => setKilled(call, false),
  },
  {
    method: 'get',
    path: '/v1/surfaces/{name}',
    summary: 'A surface with its aliases and their history',
    permission: 'view',
    answers: [200],
    handle: async ({ services, principal, params }) =>
      json(await services.surfaces.find(params.name, principal)),
  },
  {
    method: 'put',
    path: '/v1/surfaces/{name}',
    summary:
      'Declare a surface; a breaking change needs a higher schemaVersion. `warnings`: limits that serving does not hold',
    permission: 'administer',
    body: surfaceDeclarationSchema,
    answers: [200],
    handle: async ({ services, principal, params, body }) =>
      json(await services.surfaces.declare(params.name, body, principal)),
  },
  {
    method: 'put',
    path: '/v1/surfaces/{name}/aliases/{alias}',
    summary: 'Point an alias at a policy version; `champion` is what is served',
    permission: 'administer',
    body: aliasSchema,
    answers: [200],
    async handle({ services, principal, params, body }) {
      const answer = await services.policies.setAlias(params.name, params.alias, body, principal);
      return json({ surface: params.name, ...answer, ...(await services.serving.confirmations()) });
    },
  },
  {
    method: 'get',
    path: '/v1/policies',
    summary: 'Policy versions',
    permission: 'view',
    query: bySurface,
    answers: [200],
    handle: async ({ services, principal, query }) =>
      json({ policies: await services.policies.list(principal, query.surface) }),
  },
  {
    method: 'post',
    path: '/v1/policies',
    summary:
      'Register an artifact (octet-stream), a fixed policy, or the name of a policy of elsewhere (JSON)',
    permission: 'train',
    body: policyDeclarationSchema,
    takesBytes: true,
    answers: [201],
    async handle({ services, principal, body, bytes }) {
      const policy =
        bytes === null
          ? await services.policies.declare(body, principal)
          : await services.policies.publish(bytes, principal);
      return json(policy, 201);
    },
  },
  {
    method: 'post',
    path: '/v1/policies/{version}:sign',
    summary: 'Add a signature to the artifact of a version',
    permission: 'train',
    body: artifactSignatureSchema,
    answers: [200],
    handle: async ({ services, principal, params, body }) =>
      json(await services.policies.sign(params.version, body, principal)),
  },
  {
    method: 'get',
    path: '/v1/policies/{version}',
    summary: 'A policy version',
    permission: 'view',
    answers: [200],
    handle: async ({ services, principal, params }) =>
      json(await services.policies.find(params.version, principal)),
  },
];
