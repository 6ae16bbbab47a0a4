import { APICallError, NoSuchModelError } from '@ai-sdk/provider'
import { createAuthAgent, createSelection } from '@auth-agent/sdk/ai'
import { embed, embedMany, generateObject, generateText, isStepCount, Output, streamText, tool } from 'ai'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { adds, type ListeningGateway, startListeningGateway, tells } from '../../server/test/listening-gateway.ts'
import { chunk, sendEvent, sendJson, startEvents } from '../../server/test/model-upstream.ts'

let gateway: ListeningGateway
let apiKey: string
let calls: { url: string; body: { model?: string } }[]
beforeAll(async () => {
  gateway = await startListeningGateway()
  apiKey = (await gateway.caller()).apiKey
})
beforeEach(() => {
  calls = []
})
afterEach(() => gateway.upstream.reset())
afterAll(() => gateway?.stop())

const MODELS = ['acme/gpt-5', 'claude/sonnet']
const said = (text: string) => tells(() => ({ texts: [text] }))
const add = tool({
  description: 'Adds',
  inputSchema: z.object({ a: z.number(), b: z.number() }),
  execute: async ({ a, b }) => a + b,
})

/** The provider as an application makes it; `calls` are the HTTP requests that it sends. */
function authAgent(key: string | (() => string | Promise<string>) = apiKey, baseURL = `${gateway.url}/v1`) {
  const fetch: typeof globalThis.fetch = (url, init) => {
    calls.push({ url: String(url), body: typeof init?.body === 'string' ? JSON.parse(init.body) : {} })
    return globalThis.fetch(url, init)
  }
  return createAuthAgent({ baseURL, apiKey: key, fetch })
}

describe.each(MODELS)('the AI SDK on %s', (name) => {
  test('generates, and is told who answered, what it cost and what is left', async () => {
    gateway.upstream.answer = said('Hello, world')
    const poor = await gateway.caller(100)
    const { text, usage, providerMetadata } = await generateText({ model: authAgent(poor.apiKey)(name), prompt: 'Hi' })
    expect(text).toBe('Hello, world')
    expect(usage).toMatchObject({ inputTokens: 18, outputTokens: 42 })
    const details = providerMetadata?.authAgent
    expect(details).toMatchObject({ provider: name.split('/')[0], attempts: 1 })
    expect(details?.requestId).toMatch(/^[0-9a-f]{24}$/)
    expect(details?.costCents).toBeGreaterThan(0)
    expect(details?.creditsRemaining).toBeCloseTo(100 - Number(details?.costCents), 9)
    expect(await poor.credits()).toBe(details?.creditsRemaining)
  })

  test('streams, and is told who answered', async () => {
    gateway.upstream.answer = tells(() => ({ texts: ['Hello, ', 'world'] }))
    const result = streamText({ model: authAgent()(name), prompt: 'Hi' })
    let text = ''
    for await (const delta of result.textStream) text += delta
    expect(text).toBe('Hello, world')
    expect(await result.usage).toMatchObject({ inputTokens: 18, outputTokens: 42 })
    expect((await result.providerMetadata)?.authAgent).toMatchObject({ provider: name.split('/')[0], attempts: 1 })
  })

  test('gets an object of a schema, by either way to ask', async () => {
    gateway.upstream.answer = said('{"name":"Ada","age":36}')
    const schema = z.object({ name: z.string(), age: z.number() })
    const model = authAgent()(name)
    expect((await generateObject({ model, schema, prompt: 'Who?' })).object).toEqual({ name: 'Ada', age: 36 })
    const { output } = await generateText({ model, output: Output.object({ schema }), prompt: 'Who?' })
    expect(output).toEqual({ name: 'Ada', age: 36 })
  })

  test('who hangs up in the middle is gone at the provider too', async () => {
    gateway.upstream.answer = tells(() => ({ texts: ['Hello'] }))
    const hold = Promise.withResolvers<void>()
    const answer = gateway.upstream.answer
    gateway.upstream.answer = async (call, response) => {
      startEvents(response)
      if (name === 'acme/gpt-5') sendEvent(response, chunk({ role: 'assistant', content: 'He' }))
      await hold.promise
      await answer(call, response)
    }
    const hangUp = new AbortController()
    const result = streamText({ model: authAgent()(name), prompt: 'Hi', abortSignal: hangUp.signal, onError: () => {} })
    const reading = result.consumeStream()
    await expect.poll(() => gateway.upstream.open()).toBe(1)
    hangUp.abort()
    await expect.poll(() => gateway.upstream.closed).toBe(1)
    await reading
    hold.resolve()
  })
})

describe('what is selected', () => {
  test('is read when a call begins: the next step of a loop goes to what was chosen in the meantime', async () => {
    gateway.upstream.answer = adds
    const selection = createSelection('acme/gpt-5')
    const changing = {
      ...add,
      execute: async ({ a, b }: { a: number; b: number }) => {
        selection.choose({ provider: 'claude', model: 'sonnet' })
        return a + b
      },
    }
    const { text } = await generateText({
      model: authAgent().selected(selection),
      prompt: 'Add',
      tools: { add: changing },
      stopWhen: isStepCount(5),
    })
    expect(text).toBe('1 + 2 + 3 is 6.')
    expect(calls.map(({ body }) => body.model)).toEqual(['acme/gpt-5', 'claude/sonnet', 'claude/sonnet'])
  })

  test('does not change for a call that runs', async () => {
    const begun = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    gateway.upstream.answer = async (call, response) => {
      begun.resolve()
      await goOn.promise
      await said('Hello')(call, response)
    }
    const selection = createSelection('acme/gpt-5')
    const running = generateText({ model: authAgent().selected(selection), prompt: 'Hi' })
    await begun.promise
    selection.choose('claude/sonnet')
    goOn.resolve()
    const { text, providerMetadata } = await running
    expect(text).toBe('Hello')
    expect(providerMetadata?.authAgent).toMatchObject({ provider: 'acme' })
    expect(calls.map(({ body }) => body.model)).toEqual(['acme/gpt-5'])
  })
})

describe('a provider of the AI SDK', () => {
  test('embeds', async () => {
    const model = authAgent().embeddingModel('acme/embed-1')
    const { embedding, providerMetadata } = await embed({ model, value: 'Hi' })
    expect(embedding).toEqual([0.1, 0.2])
    expect(providerMetadata?.authAgent).toMatchObject({ provider: 'acme', attempts: 1 })
    gateway.upstream.answer = ({ body }, response) => {
      const data = body.input.map((_: string, index: number) => ({ object: 'embedding', index, embedding: [index] }))
      sendJson(response, 200, { object: 'list', model: 'e', data, usage: { prompt_tokens: 4, total_tokens: 4 } })
    }
    expect((await embedMany({ model, values: ['a', 'b'] })).embeddings).toEqual([[0], [1]])
  })

  test('lists the models that the key may call', async () => {
    const listed = await authAgent().models()
    expect(listed.map(({ id, provider }) => [id, provider])).toEqual([
      ['acme/gpt-5', 'acme'],
      ['acme/embed-1', 'acme'],
      ['claude/sonnet', 'claude'],
    ])
    const { window } = await gateway.member()
    const body = { name: 'one', scopes: ['agent-fuel'], models: ['claude/*'] }
    const limited = (await window.send('POST', '/api/api-keys', body)).body.api_key
    expect((await authAgent(limited).models()).map(({ id }) => id)).toEqual(['claude/sonnet'])
  })

  test('says why models cannot be listed', async () => {
    const refused = await authAgent('sk-aa-v1-nobody')
      .models()
      .catch((error: unknown) => error)
    expect(APICallError.isInstance(refused)).toBe(true)
    expect(refused).toMatchObject({ statusCode: 401, isRetryable: false, message: expect.stringMatching(/\w/) })
    const elsewhere = await authAgent(apiKey, `${gateway.url}/health?`)
      .models()
      .catch((error: unknown) => error)
    expect(APICallError.isInstance(elsewhere)).toBe(true)
  })

  test('asks for the key with each call, where it is a function', async () => {
    gateway.upstream.answer = said('Hello')
    const keys = [apiKey, 'sk-aa-v1-nobody']
    const model = authAgent(async () => keys.shift() ?? '')('acme/gpt-5')
    expect((await generateText({ model, prompt: 'Hi' })).text).toBe('Hello')
    await expect(generateText({ model, prompt: 'Hi' })).rejects.toMatchObject({ statusCode: 401 })
  })

  test('has no pictures to make', () => {
    expect(() => authAgent().imageModel('acme/paint')).toThrow(NoSuchModelError)
  })
})

describe('a call that fails', () => {
  const failureOf = async (key: string, model = 'acme/gpt-5') => {
    const error = await generateText({ model: authAgent(key)(model), prompt: 'Hi' }).catch((thrown: unknown) => thrown)
    expect(APICallError.isInstance(error)).toBe(true)
    return error as APICallError
  }

  test('is asked once where asking again is of no use, and says what to do', async () => {
    const poor = await gateway.caller(0)
    const failure = await failureOf(poor.apiKey)
    expect(failure).toMatchObject({ statusCode: 402, isRetryable: false })
    expect(failure.message).toMatch(/credits/i)
    expect(calls).toHaveLength(1)
    expect(gateway.upstream.seen).toHaveLength(0)
    expect(await failureOf(apiKey, 'acme/nobody')).toMatchObject({ statusCode: 404 })
    expect(calls).toHaveLength(2)
  })

  test.each([
    ['false', 1],
    ['true', 3],
  ])('heeds x-should-retry: %s, whatever the status', async (word, times) => {
    let asked = 0
    const status = word === 'true' ? 400 : 409
    const fetch = async () => {
      asked++
      const headers = { 'x-should-retry': word, 'retry-after-ms': '1' }
      return Response.json({ error: { message: 'No' } }, { status, headers })
    }
    const model = createAuthAgent({ baseURL: 'http://gateway.example/v1', apiKey, fetch })('acme/gpt-5')
    await expect(generateText({ model, prompt: 'Hi' })).rejects.toThrow('No')
    await expect(streamText({ model, prompt: 'Hi', onError: () => {} }).text).rejects.toThrow()
    expect(asked).toBe(2 * times)
  })

  test('tells who stood in where somebody did', async () => {
    await gateway.addProvider({
      id: 'shaky',
      kind: 'openai',
      base_url: `${gateway.upstream.origin}/shaky/v1`,
      api_key: 'sk-shaky',
      models: [{ id: 'big', price: { input_per_mtok: 10, output_per_mtok: 100 } }],
      fallback: ['acme/gpt-5'],
    })
    gateway.upstream.answer = (call, response) =>
      call.path.startsWith('/shaky') ? sendJson(response, 503, {}) : said('Hello')(call, response)
    const { providerMetadata } = await generateText({ model: authAgent()('shaky/big'), prompt: 'Hi' })
    expect(providerMetadata?.authAgent).toMatchObject({ provider: 'acme', attempts: 2, fallback: 'acme/gpt-5' })
  })
})
