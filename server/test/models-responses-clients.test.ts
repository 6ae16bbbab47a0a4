import { createOpenAI } from '@ai-sdk/openai'
import { generateObject, generateText, isStepCount, streamText, tool } from 'ai'
import OpenAI from 'openai'
import OpenAI6 from 'openai-v6'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type ListeningGateway, resultsIn, sendNamedEvent, startListeningGateway, tells } from './listening-gateway.ts'
import { PRICE } from './model-gateway.ts'
import { chunk, sendEvent, startEvents } from './model-upstream.ts'

let gateway: ListeningGateway
let apiKey: string
beforeAll(async () => {
  gateway = await startListeningGateway()
  await gateway.addProvider({
    id: 'plain',
    kind: 'openai-compatible',
    base_url: `${gateway.upstream.origin}/v1`,
    api_key: 'sk-plain-canary-0123456789',
    responses: 'translate',
    models: [{ id: 'chatty', price: PRICE }],
  })
  apiKey = (await gateway.caller()).apiKey
})
afterEach(() => gateway.upstream.reset())
afterAll(() => gateway?.stop())

/** One of Anthropic's shape, and one that has chats alone. */
const MODELS = ['claude/sonnet', 'plain/chatty']
const USAGE = {
  input_tokens: 18,
  input_tokens_details: { cached_tokens: 5, cache_write_tokens: 3 },
  output_tokens: 42,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 60,
}

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of stream) items.push(item)
  return items
}

const CALLS = [
  { id: 'call_1', name: 'add', input: { a: 1, b: 2 } },
  { id: 'call_2', name: 'now', input: {} },
]
const TOOLS = [
  {
    type: 'function' as const,
    name: 'add',
    description: 'Adds',
    parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } } },
    strict: false,
  },
  { type: 'function' as const, name: 'now', parameters: { type: 'object', properties: {} }, strict: false },
]

/** The client of the current major and the one before are the same for what is tested here. */
const OPENAI_CLIENTS = [
  ['openai', OpenAI],
  ['openai of the major before', OpenAI6 as unknown as typeof OpenAI],
] as const

describe.each(OPENAI_CLIENTS)('%s, with only base URL and key changed', (_, Client) => {
  const client = () => new Client({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 0 })

  describe.each(MODELS)('%s', (model) => {
    test('answers with a response that says all of it', async () => {
      gateway.upstream.answer = tells(() => ({ thinking: 'Hm', texts: ['Hello', ', world'], calls: CALLS }))
      const response = await client().responses.create({ model, input: 'Hi', tools: TOOLS })
      expect(response).toMatchObject({ object: 'response', status: 'completed', model, output_text: 'Hello, world' })
      expect(response.output.map(({ type }) => type)).toEqual([
        'reasoning',
        'message',
        'function_call',
        'function_call',
      ])
      expect(response.output.slice(2)).toMatchObject([
        { call_id: 'call_1', name: 'add', arguments: '{"a":1,"b":2}', status: 'completed' },
        { call_id: 'call_2', name: 'now', arguments: '{}', status: 'completed' },
      ])
      expect(response.usage).toEqual(USAGE)
    })

    test('streams the events of which the client makes the same response', async () => {
      gateway.upstream.answer = tells(() => ({ thinking: 'Hm', texts: ['Hello', ', world'], calls: CALLS }))
      const whole = await client().responses.create({ model, input: 'Hi', tools: TOOLS })
      const stream = client().responses.stream({ model, input: 'Hi', tools: TOOLS })
      const events = await all(stream)
      const response = await stream.finalResponse()
      const plain = (output: unknown) => JSON.parse(JSON.stringify(output).replaceAll(/[0-9a-f]{24}/g, 'id'))
      expect(plain(response.output)).toMatchObject(plain(whole.output))
      expect(response.usage).toEqual(USAGE)
      expect(events.map((event) => event.sequence_number)).toEqual(events.map((_event, at) => at))
      expect([events[0]?.type, events.at(-1)?.type]).toEqual(['response.created', 'response.completed'])
    })

    test('tells each delta as it comes', async () => {
      gateway.upstream.answer = tells(() => ({ texts: ['Hello, world'] }))
      const events = await all(await client().responses.create({ model, input: 'Hi', stream: true }))
      expect(events.map(({ type }) => type)).toEqual([
        'response.created',
        'response.in_progress',
        'response.output_item.added',
        'response.content_part.added',
        'response.output_text.delta',
        'response.output_text.delta',
        'response.output_text.done',
        'response.content_part.done',
        'response.output_item.done',
        'response.completed',
      ])
    })

    test('takes its own answer back, with the results of its calls', async () => {
      gateway.upstream.answer = tells(() => ({ thinking: 'Hm', texts: ['I add.'], calls: CALLS }))
      const first = await client().responses.create({ model, input: 'Hi', tools: TOOLS })
      gateway.upstream.answer = tells(() => ({ texts: ['3'] }))
      const second = await client().responses.create({
        model,
        instructions: 'Be brief',
        input: [
          { role: 'user', content: 'Hi' },
          ...(first.output as OpenAI.Responses.ResponseInput),
          { type: 'function_call_output', call_id: 'call_1', output: '3' },
          { type: 'function_call_output', call_id: 'call_2', output: [{ type: 'input_text', text: 'noon' }] },
        ],
        tools: TOOLS,
      })
      expect(second.output_text).toBe('3')
      expect(gateway.upstream.seen.at(-1)?.body).toMatchObject(
        model === 'claude/sonnet'
          ? {
              system: [{ type: 'text', text: 'Be brief' }],
              messages: [
                { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
                {
                  role: 'assistant',
                  content: [
                    { type: 'thinking', thinking: 'Hm', signature: 'signed' },
                    { type: 'text', text: 'I add.' },
                    { type: 'tool_use', id: 'call_1', name: 'add', input: { a: 1, b: 2 } },
                    { type: 'tool_use', id: 'call_2', name: 'now', input: {} },
                  ],
                },
                {
                  role: 'user',
                  content: [
                    { type: 'tool_result', tool_use_id: 'call_1', content: '3' },
                    { type: 'tool_result', tool_use_id: 'call_2', content: [{ type: 'text', text: 'noon' }] },
                  ],
                },
              ],
            }
          : {
              messages: [
                { role: 'system', content: 'Be brief' },
                { role: 'user', content: 'Hi' },
                {
                  role: 'assistant',
                  reasoning_content: 'Hm',
                  content: [{ type: 'text', text: 'I add.' }],
                  tool_calls: [{ id: 'call_1' }, { id: 'call_2' }],
                },
                { role: 'tool', tool_call_id: 'call_1', content: '3' },
                { role: 'tool', tool_call_id: 'call_2', content: [{ type: 'text', text: 'noon' }] },
              ],
            },
      )
    })

    test('throws where a stream breaks off', async () => {
      gateway.upstream.answer = async ({ path }, response) => {
        startEvents(response)
        if (path === '/v1/messages') {
          sendNamedEvent(response, { type: 'message_start', message: { usage: { input_tokens: 1, output_tokens: 1 } } })
          sendNamedEvent(response, {
            type: 'content_block_start',
            index: 0,
            content_block: { type: 'text', text: 'He' },
          })
        } else sendEvent(response, chunk({ role: 'assistant', content: 'He' }))
        setTimeout(() => response.destroy(), 50)
      }
      const stream = await client().responses.create({ model, input: 'Hi', stream: true })
      let text = ''
      const error = await (async () => {
        for await (const event of stream) if (event.type === 'response.output_text.delta') text += event.delta
      })().catch((thrown: unknown) => thrown)
      expect(text).toBe('He')
      expect(error).toBeInstanceOf(Client.APIError)
      expect(error).toMatchObject({ code: 'upstream_error' })
    })
  })
})

describe.each(MODELS)('@ai-sdk/openai by its default, at %s', (name) => {
  const model = () => createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey })(name)
  const add = tool({
    description: 'Adds',
    inputSchema: z.object({ a: z.number(), b: z.number() }),
    execute: async ({ a, b }) => a + b,
  })
  /** Three steps: two calls of a tool, one after the other, and what was made of them. */
  const adds = (texts: string[]) =>
    tells((call) => {
      const results = resultsIn(call)
      if (results === 2) return { texts: ['1 + 2 + 3 is 6.'] }
      return { texts, calls: [{ id: `call_${results}`, name: 'add', input: { a: results + 1, b: results + 2 } }] }
    })
  test('generates text', async () => {
    gateway.upstream.answer = tells(() => ({ texts: ['Hello, world'] }))
    const { text, finishReason, usage } = await generateText({ model: model(), system: 'Be brief', prompt: 'Hi' })
    expect([text, finishReason]).toEqual(['Hello, world', 'stop'])
    expect(usage).toMatchObject({ inputTokens: 18, outputTokens: 42 })
  })

  test('streams text and reasoning', async () => {
    gateway.upstream.answer = tells(() => ({ thinking: 'Hm, yes', texts: ['Hello, world'] }))
    const result = streamText({ model: model(), prompt: 'Hi' })
    expect((await all(result.textStream)).join('')).toBe('Hello, world')
    expect(await result.finishReason).toBe('stop')
    expect(await result.reasoningText).toBe('Hm, yes')
    expect(await result.usage).toMatchObject({ inputTokens: 18, outputTokens: 42 })
  })

  test('calls tools in a loop of three steps', async () => {
    gateway.upstream.answer = adds([])
    const asked = { model: model(), prompt: 'Add', tools: { add }, stopWhen: isStepCount(5) }
    const { text, steps } = await generateText(asked)
    expect(text).toBe('1 + 2 + 3 is 6.')
    expect(steps.flatMap(({ toolResults }) => toolResults.map(({ output }) => output))).toEqual([3, 5])
    const streamed = streamText(asked)
    expect(await streamed.text).toBe('1 + 2 + 3 is 6.')
    expect(await streamed.steps).toHaveLength(3)
  })

  test('refers to what was said between calls where it is kept, and says it again where it is not', async () => {
    gateway.upstream.answer = adds(['I add.'])
    const asked = { model: model(), prompt: 'Add', tools: { add }, stopWhen: isStepCount(5) }
    const error = await generateText(asked).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      statusCode: 400,
      data: { error: { code: 'unsupported_parameter', param: 'input[1]' } },
    })
    expect(String(error)).toContain('store false')
    const { text, steps } = await generateText({ ...asked, providerOptions: { openai: { store: false } } })
    expect([text, steps.length]).toEqual(['1 + 2 + 3 is 6.', 3])
  })

  test('gives signed thinking back to whoever signed it, call after call', async () => {
    const add3 = tells((call) => {
      const results = resultsIn(call)
      if (results === 2) return { texts: ['6'] }
      return { thinking: 'Hm', calls: [{ id: `call_${results}`, name: 'add', input: { a: results, b: 1 } }] }
    })
    for (const way of [generateText, streamText] as const) {
      gateway.upstream.reset()
      gateway.upstream.answer = add3
      const providerOptions = { openai: { store: false } }
      const asked = { model: model(), prompt: 'Add', tools: { add }, stopWhen: isStepCount(5), providerOptions }
      expect(await (await way(asked)).text).toBe('6')
      const [, answered] = gateway.upstream.seen.at(-1)?.body.messages ?? []
      expect(answered).toMatchObject(
        name === 'claude/sonnet'
          ? { content: [{ type: 'thinking', thinking: 'Hm', signature: 'signed' }, { type: 'tool_use' }] }
          : { tool_calls: [{ id: 'call_0' }] },
      )
    }
  })

  test('generates an object', async () => {
    gateway.upstream.answer = tells(() => ({ texts: ['{"name":"Ada","age":36}'] }))
    const schema = z.object({ name: z.string(), age: z.number() })
    const { object } = await generateObject({ model: model(), schema, prompt: 'Who?' })
    expect(object).toEqual({ name: 'Ada', age: 36 })
  })

  test('tells of a stream that breaks off', async () => {
    gateway.upstream.answer = ({ path }, response) => {
      startEvents(response)
      if (path === '/v1/messages') {
        sendNamedEvent(response, { type: 'message_start', message: { usage: { input_tokens: 1, output_tokens: 1 } } })
        sendNamedEvent(response, { type: 'content_block_start', index: 0, content_block: { type: 'text', text: 'He' } })
      } else sendEvent(response, chunk({ role: 'assistant', content: 'He' }))
      setTimeout(() => response.destroy(), 50)
    }
    const { stream } = streamText({ model: model(), prompt: 'Hi', onError: () => {} })
    const parts = await all(stream)
    expect(parts.map(({ type }) => type)).toContain('error')
    expect(parts.flatMap((part) => (part.type === 'text-delta' ? [part.text] : [])).join('')).toBe('He')
  })
})
