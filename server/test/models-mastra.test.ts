import { Agent } from '@mastra/core/agent'
import { RequestContext } from '@mastra/core/request-context'
import { createTool } from '@mastra/core/tools'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { adds, type ListeningGateway, startListeningGateway, tells } from './listening-gateway.ts'

let gateway: ListeningGateway
let apiKey: string
beforeAll(async () => {
  process.env.MASTRA_TELEMETRY_DISABLED = '1'
  gateway = await startListeningGateway()
  apiKey = (await gateway.caller()).apiKey
})
afterEach(() => gateway.upstream.reset())
afterAll(() => gateway?.stop())

// Mastra keeps the first part of a name to itself.
const MODELS = ['gateway/acme/gpt-5', 'gateway/claude/sonnet'] as const
const modelOf = (id: (typeof MODELS)[number]) => ({ id, url: `${gateway.url}/v1`, apiKey })
const INSTRUCTIONS = { id: 'adder', name: 'Adder', instructions: 'You add.' }

const add = createTool({
  id: 'add',
  description: 'Adds',
  inputSchema: z.object({ a: z.number(), b: z.number() }),
  outputSchema: z.object({ sum: z.number() }),
  execute: async ({ a, b }) => ({ sum: a + b }),
})

describe.each(MODELS)('an agent of Mastra on %s', (id) => {
  test('generates, and is told what it used', async () => {
    gateway.upstream.answer = tells(() => ({ texts: ['Hello, world'] }))
    const agent = new Agent({ ...INSTRUCTIONS, model: modelOf(id) })
    const { text, usage } = await agent.generate('Hi')
    expect(text).toBe('Hello, world')
    expect(usage).toMatchObject({ inputTokens: 18, outputTokens: 42 })
  })

  test('streams', async () => {
    gateway.upstream.answer = tells(() => ({ texts: ['Hello, ', 'world'] }))
    const agent = new Agent({ ...INSTRUCTIONS, model: modelOf(id) })
    const { textStream } = await agent.stream('Hi')
    let said = ''
    for await (const text of textStream) said += text
    expect(said).toBe('Hello, world')
  })

  test('calls its tools over three steps', async () => {
    gateway.upstream.answer = adds
    const agent = new Agent({ ...INSTRUCTIONS, model: modelOf(id), tools: { add } })
    const { text, steps } = await agent.generate('What is 1 + 2 + 3?', { maxSteps: 5 })
    expect([text, steps.length]).toEqual(['1 + 2 + 3 is 6.', 3])
    expect(gateway.upstream.seen).toHaveLength(3)
  })
})

test('an agent of Mastra changes its model from one call to the next, by what the server puts into its context', async () => {
  gateway.upstream.answer = tells(() => ({ texts: ['Hello'] }))
  const agent = new Agent({
    ...INSTRUCTIONS,
    model: ({ requestContext }) => modelOf(requestContext.get('model') as (typeof MODELS)[number]),
  })
  for (const id of MODELS) {
    const requestContext = new RequestContext()
    requestContext.set('model', id)
    expect((await agent.generate('Hi', { requestContext })).text).toBe('Hello')
  }
  expect(gateway.upstream.seen.map(({ body }) => body.model)).toEqual(['gpt-5', 'claude-sonnet-5'])
})
