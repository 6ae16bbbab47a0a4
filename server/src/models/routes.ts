import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { Deps, Env } from '../context.ts'
import { errors } from '../http/openapi-errors.ts'
import type { Security } from '../http/route-schemas.ts'
import type { Operation } from './backend.ts'
import { describeCaller } from './caller.ts'
import { countTokens } from './count-tokens.ts'
import { callModel } from './model-call.ts'
import { listModels, retrieveModel } from './model-list.ts'
import { PLAYGROUND_CHAT } from './person-routes.ts'
import { tellRefusals } from './refusals.ts'

const CALLER: Security = [{ accessToken: [] }, { apiKey: [] }]

interface Endpoint {
  path: string
  operation: Operation
  summary: string
  description: string
}

const ENDPOINTS: readonly Endpoint[] = [
  {
    path: '/chat/completions',
    operation: 'chat',
    summary: 'Chat completion',
    description:
      'As OpenAI has it: JSON, or server-sent events with `stream`. `model` is `provider/model`, or a bare name.',
  },
  {
    path: '/responses',
    operation: 'responses',
    summary: 'Response',
    description:
      'As OpenAI has it. At models that answer chats or messages alone it is translated, and what only OpenAI can do is refused.',
  },
  {
    path: '/messages',
    operation: 'messages',
    summary: 'Message',
    description: 'As Anthropic has it, failures included.',
  },
  { path: '/embeddings', operation: 'embeddings', summary: 'Embeddings', description: 'As OpenAI has them.' },
]

const COUNT = {
  path: '/messages/count_tokens',
  summary: 'Count the tokens of a message',
  description: "As Anthropic has it, at models of Anthropic's shape. It costs nothing, and is one of your calls.",
}

/** Where the same stands: clients of OpenAI differ in what they put behind their base address. */
const MODEL_BASES = ['/v1', '/v1/openai', '/v1/openai/v1'] as const

/** Where calls are told of that are refused, by whatever is on their way. */
export function modelRefusals(deps: Deps): OpenAPIHono<Env> {
  const table = new OpenAPIHono<Env>()
  for (const base of MODEL_BASES) {
    for (const { path, operation } of ENDPOINTS) table.on('POST', `${base}${path}`, tellRefusals(deps, operation))
    table.on('POST', `${base}${COUNT.path}`, tellRefusals(deps, 'count_tokens'))
  }
  table.on('POST', `/api${PLAYGROUND_CHAT}`, tellRefusals(deps, 'chat'))
  return table
}

/** Models, for agents, API keys and outside identities: below the guard of /v1. */
export function modelRoutes(deps: Deps): OpenAPIHono<Env> {
  const table = new OpenAPIHono<Env>()
  for (const base of MODEL_BASES) {
    for (const { path, operation } of ENDPOINTS) table.post(`${base}${path}`, (c) => callModel(deps, c, operation))
    table.post(`${base}${COUNT.path}`, (c) => countTokens(deps, c))
    table.get(`${base}/models`, (c) => listModels(deps, c))
    // A name that was not encoded has its provider in a part of its own.
    table.get(`${base}/models/:id`, (c) => retrieveModel(deps, c, c.req.param('id')))
    table.get(`${base}/models/:provider/:model`, (c) =>
      retrieveModel(deps, c, `${c.req.param('provider')}/${c.req.param('model')}`),
    )
    describe(table, base)
  }
  table.get(CALLER_PATH, (c) => describeCaller(deps, c))
  describeWhoCalls(table)
  return table
}

const CALLER_PATH = '/v1/caller'

const Caller = z
  .object({
    user: z.object({ id: z.string(), email: z.string().nullable(), name: z.string().nullable() }),
    agent_id: z.string().nullable(),
    client_id: z.string().nullable(),
    key_id: z.string().nullable(),
    organization_id: z.string().nullable(),
    role: z.enum(['viewer', 'member', 'admin']).nullable(),
  })
  .openapi('Caller')

function describeWhoCalls(table: OpenAPIHono<Env>): void {
  table.openAPIRegistry.registerPath(
    createRoute({
      method: 'get',
      path: CALLER_PATH,
      tags: ['Models'],
      security: CALLER,
      summary: 'For whom this credential calls',
      description: 'An app that a person let in is not told of their organization: both members are null.',
      responses: {
        200: { description: 'Who', content: { 'application/json': { schema: Caller } } },
        ...errors(401, 403),
      },
    }),
  )
}

function describe(table: OpenAPIHono<Env>, base: string): void {
  const json = { 'application/json': { schema: z.record(z.string(), z.unknown()) } }
  const common = { tags: ['Models'], security: CALLER }
  for (const { path, summary, description } of [...ENDPOINTS, COUNT])
    table.openAPIRegistry.registerPath(
      createRoute({
        method: 'post',
        path: `${base}${path}`,
        ...common,
        summary,
        description,
        request: { body: { required: true, content: json } },
        responses: { 200: { description: 'The answer', content: json }, ...errors(400, 401, 403, 404, 413, 429, 503) },
      }),
    )
  const responses = { 200: { description: 'As OpenAI has it', content: json }, ...errors(401, 403) }
  table.openAPIRegistry.registerPath(
    createRoute({ method: 'get', path: `${base}/models`, ...common, summary: 'List models', responses }),
  )
  const one = { method: 'get' as const, ...common, summary: 'One model', responses: { ...responses, ...errors(404) } }
  const id = { params: z.object({ id: z.string() }) }
  const name = { params: z.object({ provider: z.string(), model: z.string() }) }
  table.openAPIRegistry.registerPath(createRoute({ ...one, path: `${base}/models/{id}`, request: id }))
  table.openAPIRegistry.registerPath(createRoute({ ...one, path: `${base}/models/{provider}/{model}`, request: name }))
}
