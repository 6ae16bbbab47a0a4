import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import Anthropic from '@anthropic-ai/sdk'
import { generateObject, generateText, isStepCount, type LanguageModel, streamText, tool } from 'ai'
import OpenAI from 'openai'
import OpenAI6 from 'openai-v6'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { adds, type ListeningGateway, sendNamedEvent, startListeningGateway, tells } from './listening-gateway.ts'
import { chunk, says, sendEvent, sendJson, startEvents } from './model-upstream.ts'

let gateway: ListeningGateway
let apiKey: string
beforeAll(async () => {
  gateway = await startListeningGateway()
  apiKey = (await gateway.caller()).apiKey
})
afterEach(() => gateway.upstream.reset())
afterAll(() => gateway?.stop())

const MODELS = ['acme/gpt-5', 'claude/sonnet']
const HI = [{ role: 'user' as const, content: 'Hi' }]
const said = (text: string) => tells(() => ({ texts: [text] }))

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of stream) items.push(item)
  return items
}

/** The client of the current major and the one before are the same for what is tested here. */
const OPENAI_CLIENTS = [
  ['openai', OpenAI],
  ['openai of the major before', OpenAI6 as unknown as typeof OpenAI],
] as const

describe.each(OPENAI_CLIENTS)('%s, with only base URL and key changed', (_, Client) => {
  let calls: number
  const client = (key = apiKey) =>
    new Client({
      baseURL: `${gateway.url}/v1`,
      apiKey: key,
      fetch: (url, init) => {
        calls++
        return fetch(url, init)
      },
    })
  afterEach(() => {
    calls = 0
  })

  test.each(MODELS)('gets a chat completion of %s, and the id of the request', async (model) => {
    gateway.upstream.answer = said('Hello, world')
    const completion = await client().chat.completions.create({ model, messages: HI })
    expect(completion.object).toBe('chat.completion')
    expect(completion.choices[0]?.message.content).toBe('Hello, world')
    expect(completion.choices[0]?.finish_reason).toBe('stop')
    expect(completion.usage).toMatchObject({ prompt_tokens: 18, completion_tokens: 42, total_tokens: 60 })
    expect(completion._request_id).toMatch(/^[0-9a-f]{24}$/)
  })

  test.each(MODELS)('streams %s to the end, its usage last', async (model) => {
    gateway.upstream.answer = said('Hello, world')
    const stream = await client().chat.completions.create({
      model,
      messages: HI,
      stream: true,
      stream_options: { include_usage: true },
    })
    const chunks = await all(stream)
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('Hello, world')
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 42 } })
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
  })

  test('gets a character whole that was cut in two on the way', async () => {
    gateway.upstream.answer = async (_call, response) => {
      startEvents(response)
      const event = Buffer.from(
        `data: ${JSON.stringify(chunk({ role: 'assistant', content: 'a 👩‍🚀 b' }, 'stop'))}\n\n`,
      )
      const inside = event.indexOf(Buffer.from('👩')) + 2
      response.write(event.subarray(0, inside))
      await new Promise((resolve) => setTimeout(resolve, 50))
      response.write(event.subarray(inside))
      response.end('data: [DONE]\n\n')
    }
    const stream = await client().chat.completions.create({ model: 'gpt-5', messages: HI, stream: true })
    const chunks = await all(stream)
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('a 👩‍🚀 b')
  })

  test.each(MODELS)('lets %s call a tool until it is done', async (model) => {
    gateway.upstream.answer = adds
    const added: unknown[] = []
    const runner = client().chat.completions.runTools({
      model,
      messages: HI,
      stream: true,
      tools: [
        {
          type: 'function',
          function: {
            name: 'add',
            description: 'Adds',
            parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } } },
            parse: JSON.parse,
            function: (given: { a: number; b: number }) => {
              added.push(given)
              return String(given.a + given.b)
            },
          },
        },
      ],
    })
    expect(await runner.finalContent()).toBe('1 + 2 + 3 is 6.')
    expect(added).toEqual([
      { a: 1, b: 2 },
      { a: 2, b: 3 },
    ])
    expect(gateway.upstream.seen).toHaveLength(3)
  })

  test('lists models, each once, and retrieves one by any of its names', async () => {
    const models = await all(client().models.list())
    expect(models.map(({ id }) => id)).toEqual(['acme/gpt-5', 'acme/embed-1', 'claude/sonnet'])
    for (const model of models)
      expect(model).toEqual({
        id: model.id,
        object: 'model',
        created: expect.any(Number),
        owned_by: expect.any(String),
      })
    for (const name of ['acme/gpt-5', 'gpt-5']) expect((await client().models.retrieve(name)).owned_by).toBe('acme')
    const unknown = await client()
      .models.retrieve('nobody:1/2')
      .catch((error: unknown) => error)
    expect(unknown).toBeInstanceOf(Client.NotFoundError)
    expect(unknown).toMatchObject({ code: 'model_not_found', param: 'model', type: 'invalid_request_error' })
  })

  test('gets embeddings as it asks for them by itself', async () => {
    gateway.upstream.answer = ({ body }, response) => {
      expect(body.encoding_format).toBe('base64')
      const embedding = Buffer.from(new Float32Array([0.5, -1]).buffer).toString('base64')
      const data = [{ object: 'embedding', index: 0, embedding }]
      sendJson(response, 200, { object: 'list', model: 'e', data, usage: { prompt_tokens: 1, total_tokens: 1 } })
    }
    const { data } = await client().embeddings.create({ model: 'embed-1', input: 'Hi' })
    expect(data[0]?.embedding).toEqual([0.5, -1])
  })

  test('gets a response, and streams one', async () => {
    const response = {
      id: 'resp_1',
      object: 'response',
      status: 'completed',
      output: [],
      usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7 },
    }
    gateway.upstream.answer = ({ body }, answer) => {
      if (!body.stream) return sendJson(answer, 200, response)
      startEvents(answer)
      const events = [
        { type: 'response.created', response: { ...response, status: 'in_progress' } },
        { type: 'response.output_text.delta', delta: 'Hello' },
        { type: 'response.completed', response },
      ]
      for (const event of events) sendNamedEvent(answer, event)
      answer.end()
    }
    expect(await client().responses.create({ model: 'gpt-5', input: 'Hi' })).toMatchObject({ id: 'resp_1' })
    const stream = await client().responses.create({ model: 'gpt-5', input: 'Hi', stream: true })
    expect((await all(stream)).map(({ type }) => type)).toEqual([
      'response.created',
      'response.output_text.delta',
      'response.completed',
    ])
    expect(gateway.upstream.seen.map(({ path }) => path)).toEqual(['/v1/responses', '/v1/responses'])
  })

  test('asks once where asking again is of no use, and again where it is', async () => {
    const poor = await gateway.caller(0)
    const failures = [
      [client('sk-aa-v1-nobody'), 401, 'invalid_api_key', 1],
      [client(poor.apiKey), 402, 'insufficient_credits', 1],
    ] as const
    for (const [asking, status, code, times] of failures) {
      calls = 0
      const error = await asking.chat.completions.create({ model: 'gpt-5', messages: HI }).catch((thrown) => thrown)
      expect(error).toBeInstanceOf(Client.APIError)
      expect(error).toMatchObject({ status, code, requestID: expect.stringMatching(/^[0-9a-f]{24}$/) })
      expect(calls).toBe(times)
    }
    calls = 0
    let answers = 0
    gateway.upstream.answer = (call, response) =>
      answers++ === 0
        ? sendJson(response, 429, { error: { message: 'Slow down', type: 'requests' } }, { 'retry-after-ms': '10' })
        : said('Hello')(call, response)
    const { choices } = await client().chat.completions.create({ model: 'gpt-5', messages: HI })
    expect(choices[0]?.message.content).toBe('Hello')
    expect(calls).toBe(2)
  })

  test.each(MODELS)('throws where a stream of %s breaks off', async (model) => {
    gateway.upstream.answer = async ({ path }, response) => {
      startEvents(response)
      if (path === '/v1/messages') {
        const block = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: 'He' } }
        sendEvent(response, { type: 'message_start', message: { usage: { input_tokens: 1, output_tokens: 1 } } })
        sendEvent(response, block)
      } else sendEvent(response, chunk({ role: 'assistant', content: 'He' }))
      setTimeout(() => response.destroy(), 50)
    }
    const stream = await client().chat.completions.create({ model, messages: HI, stream: true })
    let text = ''
    const error = await (async () => {
      for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
    })().catch((thrown: unknown) => thrown)
    expect(text).toBe('He')
    expect(error).toBeInstanceOf(Client.APIError)
    expect(error).toMatchObject({ code: 'upstream_error' })
  })
})

describe('@anthropic-ai/sdk', () => {
  const client = (key = apiKey) => new Anthropic({ baseURL: gateway.url, apiKey: key })
  const asked = (model: string) => ({ model, max_tokens: 100, messages: HI })
  const ADD = { name: 'add', input_schema: { type: 'object' as const, properties: { a: { type: 'number' } } } }

  test.each(MODELS)('gets a message of %s', async (model) => {
    gateway.upstream.answer = tells(() => ({
      texts: ['Hello'],
      calls: [{ id: 'call_1', name: 'add', input: { a: 1 } }],
    }))
    const message = await client().messages.create({ ...asked(model), tools: [ADD] })
    expect(message).toMatchObject({ type: 'message', role: 'assistant', stop_reason: 'tool_use' })
    expect(message.content).toMatchObject([
      { type: 'text', text: 'Hello' },
      { type: 'tool_use', id: 'call_1', name: 'add', input: { a: 1 } },
    ])
    expect(message.usage).toMatchObject({ input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 42 })
  })

  test.each(MODELS)('streams a message of %s, whose parts make the same one', async (model) => {
    gateway.upstream.answer = tells(() => ({
      texts: ['Hello'],
      calls: [{ id: 'call_1', name: 'add', input: { a: 1 } }],
    }))
    const stream = client().messages.stream({ ...asked(model), tools: [ADD] })
    const message = await stream.finalMessage()
    expect(message.content).toMatchObject([
      { type: 'text', text: 'Hello' },
      { type: 'tool_use', id: 'call_1', name: 'add', input: { a: 1 } },
    ])
    expect(message.stop_reason).toBe('tool_use')
    expect(message.usage.output_tokens).toBe(42)
  })

  test('lists models in its own words, and retrieves one', async () => {
    const models = await all(client().models.list())
    expect(models.map(({ id }) => id)).toEqual(['acme/gpt-5', 'acme/embed-1', 'claude/sonnet'])
    for (const { id } of models) {
      const model = await client().models.retrieve(id)
      expect(model).toMatchObject({ type: 'model', id, display_name: id })
      expect(new Date(model.created_at).toISOString()).toBe(model.created_at)
    }
    const unknown = await client()
      .models.retrieve('nobody')
      .catch((error: unknown) => error)
    expect(unknown).toBeInstanceOf(Anthropic.NotFoundError)
    expect(unknown).toMatchObject({ error: { type: 'error', error: { type: 'not_found_error' } } })
  })

  test('comes with a token in the place of a key, and by its beta address', async () => {
    gateway.upstream.answer = said('Hello')
    const byToken = new Anthropic({ baseURL: gateway.url, authToken: apiKey, apiKey: null })
    const message = await byToken.beta.messages.create({ ...asked('sonnet'), betas: ['context-1m-2025-08-07'] })
    expect(message.content).toMatchObject([{ type: 'text', text: 'Hello' }])
    expect(gateway.upstream.seen[0]?.headers).toMatchObject({
      'anthropic-beta': 'context-1m-2025-08-07',
      // As the client has it, and not as we would.
      'anthropic-version': expect.not.stringMatching('2023-06-01'),
      'x-api-key': 'sk-ant-canary-0123456789',
    })
  })

  test('throws its own errors', async () => {
    const unknown = await client()
      .messages.create(asked('nobody'))
      .catch((error: unknown) => error)
    expect(unknown).toBeInstanceOf(Anthropic.NotFoundError)
    expect(unknown).toMatchObject({ type: 'not_found_error', requestID: expect.stringMatching(/^[0-9a-f]{24}$/) })
    const stranger = await client('sk-aa-v1-nobody')
      .messages.create(asked('sonnet'))
      .catch((error: unknown) => error)
    expect(stranger).toBeInstanceOf(Anthropic.AuthenticationError)
    gateway.upstream.answer = (_call, response) => {
      startEvents(response)
      const event = {
        type: 'message_start',
        message: { id: 'm', content: [], usage: { input_tokens: 1, output_tokens: 1 } },
      }
      sendNamedEvent(response, event)
      const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
      sendNamedEvent(response, error)
      response.end()
    }
    const broken = await client()
      .messages.stream(asked('sonnet'))
      .finalMessage()
      .catch((error: unknown) => error)
    expect(broken).toBeInstanceOf(Anthropic.APIError)
    expect(String(broken)).toContain('overloaded')
  })
})

const AI_SDK: [string, (model: string) => LanguageModel][] = [
  [
    '@ai-sdk/openai-compatible',
    (model) =>
      createOpenAICompatible({
        name: 'gateway',
        baseURL: `${gateway.url}/v1`,
        apiKey,
        includeUsage: true,
        // With it, the schema is kept to; without, the model is asked for an object, and the client looks what it got.
        supportsStructuredOutputs: true,
      })(model),
  ],
  [
    '@ai-sdk/openai-compatible, as it comes',
    (model) =>
      createOpenAICompatible({ name: 'gateway', baseURL: `${gateway.url}/v1`, apiKey, includeUsage: true })(model),
  ],
  ['@ai-sdk/openai, .chat()', (model) => createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey }).chat(model)],
]

describe.each(AI_SDK)('%s', (_, modelOf) => {
  const add = tool({
    description: 'Adds',
    inputSchema: z.object({ a: z.number(), b: z.number() }),
    execute: async ({ a, b }) => a + b,
  })

  test.each(MODELS)('generates the text of %s', async (name) => {
    gateway.upstream.answer = said('Hello, world')
    const { text, finishReason, usage } = await generateText({ model: modelOf(name), prompt: 'Hi' })
    expect([text, finishReason]).toEqual(['Hello, world', 'stop'])
    expect(usage).toMatchObject({ inputTokens: 18, outputTokens: 42 })
  })

  test.each(MODELS)('streams the text of %s', async (name) => {
    gateway.upstream.answer = said('Hello, world')
    const result = streamText({ model: modelOf(name), prompt: 'Hi' })
    expect((await all(result.textStream)).join('')).toBe('Hello, world')
    expect(await result.finishReason).toBe('stop')
  })

  test.each(MODELS)('lets %s call tools in a loop of three steps', async (name) => {
    gateway.upstream.answer = adds
    const asked = { model: modelOf(name), prompt: 'Add', tools: { add }, stopWhen: isStepCount(5) }
    const { text, steps } = await generateText(asked)
    expect(text).toBe('1 + 2 + 3 is 6.')
    expect(steps.flatMap(({ toolResults }) => toolResults.map(({ output }) => output))).toEqual([3, 5])
    const streamed = streamText(asked)
    expect(await streamed.text).toBe('1 + 2 + 3 is 6.')
    expect(await streamed.steps).toHaveLength(3)
  })

  test.each(MODELS)('generates an object by %s', async (name) => {
    gateway.upstream.answer = said('{"name":"Ada","age":36}')
    const { object } = await generateObject({
      model: modelOf(name),
      schema: z.object({ name: z.string(), age: z.number() }),
      prompt: 'Who?',
    })
    expect(object).toEqual({ name: 'Ada', age: 36 })
  })

  test('tells of a stream that breaks off', async () => {
    gateway.upstream.answer = (_call, response) => {
      startEvents(response)
      sendEvent(response, chunk({ role: 'assistant', content: 'He' }))
      setTimeout(() => response.destroy(), 50)
    }
    const { stream } = streamText({ model: modelOf('gpt-5'), prompt: 'Hi', onError: () => {} })
    const parts = await all(stream)
    expect(parts.map(({ type }) => type)).toContain('error')
    expect(parts.flatMap((part) => (part.type === 'text-delta' ? [part.text] : [])).join('')).toBe('He')
  })

  test('works at the address that some have for OpenAI, too', async () => {
    gateway.upstream.answer = says('Hello')
    const model = createOpenAICompatible({ name: 'gateway', baseURL: `${gateway.url}/v1/openai`, apiKey })('gpt-5')
    expect((await generateText({ model, prompt: 'Hi' })).text).toBe('Hello')
  })
})
