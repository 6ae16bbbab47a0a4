import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anthropicError } from '../src/http/error-shapes.ts'
import { ApiError, type ErrorCode } from '../src/http/errors.ts'
import { createChatChunks } from '../src/models/anthropic/chat-chunks.ts'
import { toChatCompletion } from '../src/models/anthropic/chat-completion.ts'
import { streamError, upstreamError } from '../src/models/anthropic/errors.ts'
import { toMessage } from '../src/models/anthropic/message.ts'
import { createMessageEvents } from '../src/models/anthropic/message-events.ts'
import type { Json } from '../src/models/fields.ts'
import type { StreamTranslator } from '../src/models/stream-translator.ts'
import { type Answer, anthropicEvents, chatChunksOf, chatCompletionOf, messageOf } from './models-anthropic-answers.ts'

const HEAD = { id: 'chatcmpl-1', created: 1700, model: 'ours/claude' }
const USAGE = { input_tokens: 10, cache_read_input_tokens: 5, cache_creation_input_tokens: 3, output_tokens: 42 }

const message = (content: Json[], stopReason = 'end_turn', more: Json = {}) => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude',
  content,
  stop_reason: stopReason,
  stop_sequence: null,
  usage: USAGE,
  ...more,
})

function run(translator: StreamTranslator, events: readonly unknown[]): Json[] {
  return [...events.flatMap((event) => translator.push(event)), ...translator.end()]
}

const toChunks = (events: readonly unknown[], includeUsage = true) =>
  run(createChatChunks({ ...HEAD, includeUsage }), events)
const toEvents = (chunks: readonly unknown[]) => run(createMessageEvents({ id: 'msg_1', model: 'ours/gpt' }), chunks)

interface Choice {
  finish_reason: string | null
  delta: Json & { tool_calls?: { index: number; id?: string; function: { name?: string; arguments: string } }[] }
}

const choices = (chunks: readonly Json[]) => chunks.flatMap((chunk) => chunk.choices as Choice[])

/** What a client puts together from the chunks. */
function assembled(chunks: readonly Json[]) {
  const calls: { id: string; name: string; arguments: string }[] = []
  let content = ''
  let reasoning = ''
  const thinking: unknown[] = []
  for (const { delta } of choices(chunks)) {
    content += delta.content ?? ''
    reasoning += delta.reasoning_content ?? ''
    thinking.push(...((delta.thinking_blocks as unknown[] | undefined) ?? []))
    for (const { index, id, function: called } of delta.tool_calls ?? []) {
      calls[index] ??= { id: String(id), name: String(called.name), arguments: '' }
      calls[index].arguments += called.arguments
    }
  }
  const finish = choices(chunks).flatMap(({ finish_reason: reason }) => reason ?? [])
  return { content, reasoning, thinking, calls, finish, usage: chunks.at(-1)?.usage }
}

describe('an answer of Anthropic as a chat completion', () => {
  test('carries its text, its calls and its usage', () => {
    const completion = toChatCompletion(
      message(
        [
          { type: 'thinking', thinking: 'hm', signature: 's' },
          { type: 'text', text: 'one, ' },
          { type: 'text', text: 'two' },
          { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } },
          { type: 'tool_use', id: 'b', name: 'g', input: {} },
        ],
        'tool_use',
        { usage: { ...USAGE, service_tier: 'standard', output_tokens_details: { thinking_tokens: 7 } } },
      ),
      HEAD,
    )
    expect(completion).toEqual({
      ...HEAD,
      object: 'chat.completion',
      service_tier: 'default',
      choices: [
        {
          index: 0,
          logprobs: null,
          finish_reason: 'tool_calls',
          message: {
            role: 'assistant',
            content: 'one, two',
            refusal: null,
            reasoning_content: 'hm',
            thinking_blocks: [{ type: 'thinking', thinking: 'hm', signature: 's' }],
            tool_calls: [
              { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } },
              { id: 'b', type: 'function', function: { name: 'g', arguments: '{}' } },
            ],
          },
        },
      ],
      usage: {
        prompt_tokens: 18,
        completion_tokens: 42,
        total_tokens: 60,
        prompt_tokens_details: { cached_tokens: 5, cache_write_tokens: 3 },
        completion_tokens_details: { reasoning_tokens: 7 },
      },
    })
  })

  const tool = { type: 'tool_use', id: 'a', name: 'f', input: {} }
  test.each<[string, string, Json[]]>([
    ['end_turn', 'stop', []],
    ['stop_sequence', 'stop', []],
    ['pause_turn', 'stop', []],
    ['tool_use', 'tool_calls', [tool]],
    ['end_turn', 'tool_calls', [tool]],
    ['max_tokens', 'length', []],
    ['max_tokens', 'length', [tool]],
    ['model_context_window_exceeded', 'length', []],
    ['refusal', 'content_filter', []],
    ['invented_tomorrow', 'stop', []],
    ['constructor', 'stop', []],
  ])('%s is %s', (stopReason, finishReason, content) => {
    const completion = toChatCompletion(message(content, stopReason), HEAD)
    expect(completion.choices).toMatchObject([{ finish_reason: finishReason, message: { content: null } }])
    const answer: Answer = { thinking: '', texts: [], calls: content.map(() => ({ id: 'a', name: 'f', input: {} })) }
    expect(assembled(toChunks(anthropicEvents(answer, stopReason))).finish).toEqual([finishReason])
  })

  test('a refusal says why, as JSON and as a stream', () => {
    const details = { stop_details: { type: 'refusal', category: 'cyber', explanation: 'No exploits.' } }
    const completion = toChatCompletion(message([], 'refusal', details), HEAD)
    expect(completion.choices).toMatchObject([{ message: { content: null, refusal: 'No exploits.' } }])
    const events = [
      { type: 'message_start', message: message([]) },
      { type: 'message_delta', delta: { stop_reason: 'refusal', ...details }, usage: { output_tokens: 1 } },
      { type: 'message_stop' },
    ]
    expect(choices(toChunks(events)).map(({ delta }) => delta.refusal)).toContain('No exploits.')
  })

  test('what has an address is cited at its place, as JSON and as a stream', () => {
    const citation = {
      type: 'web_search_result_location',
      url: 'https://example.com',
      title: 'Example',
      cited_text: 'x',
    }
    const ofDocument = { type: 'char_location', document_index: 0, start_char_index: 0, end_char_index: 1 }
    const annotations = [
      {
        type: 'url_citation',
        url_citation: { start_index: 4, end_index: 9, url: 'https://example.com', title: 'Example' },
      },
    ]
    const cited = { type: 'text', text: 'cited', citations: [citation, ofDocument] }
    const completion = toChatCompletion(message([{ type: 'text', text: 'not ' }, cited]), HEAD)
    expect(completion.choices).toMatchObject([{ message: { content: 'not cited', annotations } }])
    const delta = (index: number, inner: Json) => ({ type: 'content_block_delta', index, delta: inner })
    const chunks = toChunks([
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: 'not ' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
      delta(1, { type: 'citations_delta', citation }),
      delta(1, { type: 'text_delta', text: 'cited' }),
      { type: 'content_block_stop', index: 1 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 1 } },
      { type: 'message_stop' },
    ])
    expect(choices(chunks).flatMap((choice) => choice.delta.annotations ?? [])).toEqual(annotations)
  })

  test.each([undefined, null, 'text', {}, { content: 'text' }])('%j is no answer', (body) => {
    expect(() => toChatCompletion(body, HEAD)).toThrow(ApiError)
  })
})

describe('a stream of Anthropic as chunks', () => {
  const two: Answer = {
    thinking: 'let me see',
    texts: ['I look ', 'twice 🎈'],
    calls: [
      { id: 'a', name: 'f', input: { city: 'Zürich' } },
      { id: 'b', name: 'g', input: {} },
    ],
  }

  test('share their head; the first names the role; one finishes; usage is last', () => {
    const chunks = toChunks(anthropicEvents(two, 'tool_use'))
    for (const chunk of chunks) expect(chunk).toMatchObject({ ...HEAD, object: 'chat.completion.chunk' })
    expect(choices(chunks)[0]?.delta).toEqual({ role: 'assistant', content: '' })
    expect(assembled(chunks).finish).toEqual(['tool_calls'])
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 60 } })
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true)
  })

  test('tell no usage to who has not asked', () => {
    const chunks = toChunks(anthropicEvents(two, 'tool_use'), false)
    expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false)
    expect(chunks.every((chunk) => (chunk.choices as unknown[]).length === 1)).toBe(true)
  })

  test('number parallel calls 0 and 1, and each has arguments that parse, even none', () => {
    const { calls } = assembled(toChunks(anthropicEvents(two, 'tool_use')))
    expect(calls.map((call) => ({ ...call, arguments: JSON.parse(call.arguments) }))).toEqual([
      { id: 'a', name: 'f', arguments: { city: 'Zürich' } },
      { id: 'b', name: 'g', arguments: {} },
    ])
  })

  test('take arguments that came whole at the start of a call', () => {
    const block = { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } }
    const chunks = toChunks([
      { type: 'message_start', message: message([]) },
      { type: 'content_block_start', index: 0, content_block: block },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 1 } },
      { type: 'message_stop' },
    ])
    expect(assembled(chunks).calls).toEqual([{ id: 'a', name: 'f', arguments: '{"x":1}' }])
  })

  test('leave out tools that run at Anthropic', () => {
    const chunks = toChunks([
      {
        type: 'content_block_start',
        index: 0,
        content_block: { type: 'server_tool_use', id: 's', name: 'web_search' },
      },
      { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{"q":1}' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 1 } },
      { type: 'message_stop' },
    ])
    expect(assembled(chunks)).toMatchObject({ calls: [], finish: ['stop'] })
  })

  test('never take the placeholder at the beginning for what was generated', () => {
    const events = anthropicEvents(two, 'end_turn')
    expect(assembled(toChunks(events)).usage).toMatchObject({ completion_tokens: 42, prompt_tokens: 18 })
    const untold = events.map((event) => (event.type === 'message_delta' ? { ...event, usage: undefined } : event))
    expect(assembled(toChunks(untold)).usage).toMatchObject({ completion_tokens: 0, prompt_tokens: 18 })
  })

  test('a failure in the stream is thrown, be it first or in the middle', () => {
    const failure = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded at 10.0.0.1' } }
    const first = createChatChunks({ ...HEAD, includeUsage: false })
    expect(() => first.push(failure)).toThrow('The provider of the model is overloaded; try again in a moment')
    const later = createChatChunks({ ...HEAD, includeUsage: false })
    for (const event of anthropicEvents(two, 'end_turn').slice(0, 5)) later.push(event)
    expect(() => later.push(failure)).toThrow(ApiError)
  })

  test('a stream that breaks off is no answer, wherever it does', () => {
    const events = anthropicEvents(two, 'tool_use')
    const told = events.findIndex(({ type }) => type === 'message_delta')
    for (let cut = 0; cut <= told; cut++) expect(() => toChunks(events.slice(0, cut))).toThrow('half an answer')
    expect(assembled(toChunks(events.slice(0, told + 1)))).toEqual(assembled(toChunks(events)))
  })

  test('say nothing of pings, of events invented tomorrow, and after the end', () => {
    const translator = createChatChunks({ ...HEAD, includeUsage: true })
    for (const event of [{ type: 'ping' }, { type: 'later' }, { type: 'constructor' }, null, 'text'])
      expect(translator.push(event)).toEqual([])
    for (const event of anthropicEvents(two, 'end_turn')) translator.push(event)
    expect([...translator.push({ type: 'message_stop' }), ...translator.end(), ...translator.end()]).toEqual([])
  })
})

describe('a chat completion as a message of Anthropic', () => {
  const completion = (said: Json, finishReason = 'stop') => ({
    choices: [{ index: 0, message: { role: 'assistant', content: null, ...said }, finish_reason: finishReason }],
    usage: {
      prompt_tokens: 18,
      completion_tokens: 42,
      prompt_tokens_details: { cached_tokens: 5, cache_write_tokens: 3 },
      completion_tokens_details: { reasoning_tokens: 7 },
    },
  })
  const toAnthropic = (said: Json, finishReason?: string) =>
    toMessage(completion(said, finishReason), { id: 'msg_1', model: 'ours/gpt' })

  test('carries its text, its calls and its usage', () => {
    const calls = [
      { id: 'call.1', type: 'function', function: { name: 'f', arguments: '{"x":1}' } },
      { id: 'b', type: 'function', function: { name: 'g', arguments: '' } },
    ]
    expect(toAnthropic({ content: 'hi', reasoning_content: 'hm', tool_calls: calls }, 'tool_calls')).toEqual({
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'ours/gpt',
      content: [
        { type: 'thinking', thinking: 'hm', signature: '' },
        { type: 'text', text: 'hi', citations: null },
        { type: 'tool_use', id: 'call_1', name: 'f', input: { x: 1 } },
        { type: 'tool_use', id: 'b', name: 'g', input: {} },
      ],
      stop_reason: 'tool_use',
      stop_sequence: null,
      usage: { ...USAGE, output_tokens_details: { thinking_tokens: 7 } },
    })
  })

  test.each([
    ['stop', 'end_turn'],
    ['length', 'max_tokens'],
    ['content_filter', 'refusal'],
    ['function_call', 'tool_use'],
    ['invented_tomorrow', 'end_turn'],
  ])('%s is %s', (finishReason, stopReason) => {
    expect(toAnthropic({ content: 'x' }, finishReason)).toMatchObject({ stop_reason: stopReason })
    const chunks = [{ choices: [{ index: 0, delta: { content: 'x' }, finish_reason: finishReason }] }]
    expect(toEvents(chunks).at(-2)).toMatchObject({ delta: { stop_reason: stopReason } })
  })

  test('a refusal is a refusal, whatever the reason it finished for', () => {
    expect(toAnthropic({ refusal: 'I cannot' })).toMatchObject({
      stop_reason: 'refusal',
      content: [{ type: 'text', text: 'I cannot' }],
    })
    const chunks = [{ choices: [{ index: 0, delta: { refusal: 'I cannot' }, finish_reason: 'stop' }] }]
    expect(toEvents(chunks).at(-2)).toMatchObject({ delta: { stop_reason: 'refusal' } })
  })

  test.each([undefined, {}, { choices: [] }, { choices: [{}] }])('%j is no answer', (body) => {
    expect(() => toMessage(body, { id: 'msg_1', model: 'm' })).toThrow(ApiError)
  })
})

/** What a client puts together from the events; fails where they are not one block after the other. */
function written(events: readonly Json[]) {
  const content: Json[] = []
  let open: number | undefined
  for (const event of events) {
    if (event.type === 'content_block_start') {
      expect([open, event.index]).toEqual([undefined, content.length])
      open = event.index as number
      content.push({ ...(event.content_block as Json) })
    }
    if (event.type === 'content_block_delta') {
      expect(event.index).toBe(open)
      const { type: _, partial_json: json, ...delta } = event.delta as Json
      const block = content.at(-1) as Json
      if (json !== undefined) block.json = `${block.json ?? ''}${json}`
      for (const [name, text] of Object.entries(delta)) block[name] = `${block[name] ?? ''}${text}`
    }
    if (event.type === 'content_block_stop') {
      expect(event.index).toBe(open)
      open = undefined
    }
  }
  expect(open).toBeUndefined()
  return content.map(({ json, ...block }) =>
    block.type === 'tool_use' ? { ...block, input: json === undefined ? {} : JSON.parse(String(json)) } : block,
  )
}

describe('chunks as a stream of Anthropic', () => {
  const fragment = (index: number, more: Json) => ({
    choices: [{ index: 0, delta: { tool_calls: [{ index, ...more }] } }],
  })
  const start = (index: number, id: string) => fragment(index, { id, function: { name: 'f', arguments: '' } })
  const write = (index: number, text: string) => fragment(index, { function: { arguments: text } })
  const finish = { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] }
  const inputs = (...chunks: Json[]) =>
    written(toEvents([...chunks, finish])).map((block: Json) => [block.id, block.input])

  test('begin, end, and tell the usage at the end', () => {
    const events = toEvents([
      { choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }], usage: null },
      { choices: [{ index: 0, delta: { content: 'hi' }, finish_reason: 'stop' }] },
      { choices: [], usage: { prompt_tokens: 10, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 4 } } },
    ])
    expect(events.map(({ type }) => type)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
    expect(events.at(-2)).toMatchObject({ usage: { input_tokens: 6, cache_read_input_tokens: 4, output_tokens: 2 } })
  })

  test('calls that come one after the other are passed on as they come', () => {
    const translator = createMessageEvents({ id: 'm', model: 'm' })
    const types = (chunk: Json) => translator.push(chunk).map(({ type }) => type)
    expect(types(start(0, 'a'))).toEqual(['message_start', 'content_block_start'])
    expect(types(write(0, '{"x":'))).toEqual(['content_block_delta'])
    expect(types(write(0, '1}'))).toEqual(['content_block_delta'])
    expect(types(start(1, 'b'))).toEqual(['content_block_stop', 'content_block_start'])
    expect(types(write(1, '{}'))).toEqual(['content_block_delta'])
  })

  test('calls whose fragments are mixed are sorted', () => {
    expect(
      inputs(start(0, 'a'), start(1, 'b'), write(0, '{"x"'), write(1, '{"y":2'), write(0, ':1}'), write(1, '}')),
    ).toEqual([
      ['a', { x: 1 }],
      ['b', { y: 2 }],
    ])
  })

  test('a call without arguments, and one whose neighbours all have the number 0', () => {
    expect(inputs(start(0, 'a'), start(0, 'b'), write(0, '{"y":2}'))).toEqual([
      ['a', {}],
      ['b', { y: 2 }],
    ])
  })

  test('all calls in one chunk, without numbers', () => {
    const calls = ['a', 'b'].map((id) => ({ id, function: { name: 'f', arguments: `{"id":"${id}"}` } }))
    expect(inputs({ choices: [{ index: 0, delta: { tool_calls: calls } }] })).toEqual([
      ['a', { id: 'a' }],
      ['b', { id: 'b' }],
    ])
  })

  test('signed thinking is signed again, also where nothing of it may be read', () => {
    const signed = { type: 'thinking', thinking: 'hm', signature: 's' }
    const hidden = { type: 'thinking', thinking: '', signature: 't' }
    const redacted = { type: 'redacted_thinking', data: 'x' }
    const said = (delta: Json) => ({ choices: [{ index: 0, delta, finish_reason: null }] })
    const chunks = [
      said({ reasoning_content: 'hm' }),
      ...[signed, hidden, redacted].map((block) => said({ thinking_blocks: [block] })),
    ]
    expect(written(toEvents([...chunks, finish]))).toEqual([signed, hidden, redacted])
  })

  test('a failure is thrown, and a stream that breaks off is no answer', () => {
    const translator = createMessageEvents({ id: 'm', model: 'm' })
    expect(() => translator.push({ error: { message: 'boom', type: 'server_error' } })).toThrow(ApiError)
    expect(() => toEvents([{ choices: [{ index: 0, delta: { content: 'hal' } }] }])).toThrow('half an answer')
  })
})

describe('whatever an answer holds', () => {
  const call = fc.record({
    id: fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/),
    name: fc.stringMatching(/^[a-z]{1,10}$/),
    input: fc
      .dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 })
      .map((value) => JSON.parse(JSON.stringify(value)) as Json),
  })
  const answer: fc.Arbitrary<Answer> = fc.record({
    thinking: fc.string({ unit: 'grapheme' }),
    texts: fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { maxLength: 3 }),
    calls: fc.uniqueArray(call, { maxLength: 3, selector: ({ id }) => id }),
  })

  test('its stream says what its JSON says, in both directions', () => {
    fc.assert(
      fc.property(answer, (given) => {
        const stopReason = given.calls.length > 0 ? 'tool_use' : 'end_turn'
        const completion = toChatCompletion(messageOf(given, stopReason), HEAD) as {
          choices: { message: Json; finish_reason: string }[]
          usage: Json
        }
        const said = completion.choices[0]
        const streamed = assembled(toChunks(anthropicEvents(given, stopReason)))
        expect(streamed.content).toBe(said?.message.content ?? '')
        expect(streamed.reasoning).toBe(said?.message.reasoning_content ?? '')
        expect(streamed.thinking).toEqual(said?.message.thinking_blocks ?? [])
        expect(streamed.finish).toEqual([said?.finish_reason])
        expect(streamed.usage).toEqual(completion.usage)
        expect(streamed.calls.map((one) => JSON.parse(one.arguments))).toEqual(given.calls.map(({ input }) => input))

        const back = toMessage(chatCompletionOf(given), { id: 'msg_1', model: 'ours/gpt' })
        const events = toEvents(chatChunksOf(given))
        expect(written(events)).toEqual(back.content)
        expect(events.at(-2)).toMatchObject({ delta: { stop_reason: back.stop_reason }, usage: back.usage })
      }),
      { numRuns: 300 },
    )
  })

  test('there and back it is the same', () => {
    fc.assert(
      fc.property(answer, (given) => {
        const original = messageOf(given, given.calls.length > 0 ? 'tool_use' : 'end_turn')
        const back = toMessage(toChatCompletion(original, HEAD), { id: original.id, model: original.model })
        const text = given.texts.join('')
        const expected = original.content.filter(({ type }) => type !== 'text')
        const place = expected.findIndex(({ type }) => type === 'tool_use')
        const texts = text === '' ? [] : [{ type: 'text', text, citations: null }]
        expect(back.content).toEqual(expected.toSpliced(place < 0 ? expected.length : place, 0, ...texts))
        expect([back.stop_reason, back.usage]).toMatchObject([original.stop_reason, original.usage])
        expect(
          run(createMessageEvents({ id: 'm', model: 'm' }), toChunks(anthropicEvents(given, original.stop_reason))).at(
            -2,
          ),
        ).toMatchObject({
          delta: { stop_reason: original.stop_reason },
          usage: original.usage,
        })
      }),
    )
  })
})

describe('failures', () => {
  test.each<[ErrorCode, string]>([
    ['invalid_request', 'invalid_request_error'],
    ['unsupported_parameter', 'invalid_request_error'],
    ['invalid_api_key', 'authentication_error'],
    ['insufficient_credits', 'billing_error'],
    ['permission_denied', 'permission_error'],
    ['model_not_found', 'not_found_error'],
    ['payload_too_large', 'request_too_large'],
    ['rate_limit_exceeded', 'rate_limit_error'],
    ['server_error', 'api_error'],
    ['upstream_error', 'api_error'],
    ['upstream_unavailable', 'overloaded_error'],
    ['upstream_timeout', 'timeout_error'],
  ])('%s is told as %s', (code, type) => {
    expect(anthropicError(new ApiError(code, 'Say it again'), 'req_1')).toEqual({
      type: 'error',
      error: { type, message: 'Say it again' },
      request_id: 'req_1',
    })
  })

  const anthropic = { type: 'error', error: { type: 'x', message: 'max_tokens: too large' } }
  const openai = { error: { message: 'max_tokens: too large', type: 'x', param: 'max_tokens', code: null } }
  test.each<[number, ErrorCode]>([
    [400, 'invalid_request'],
    [404, 'model_not_found'],
    [413, 'payload_too_large'],
    [422, 'invalid_request'],
    [429, 'rate_limit_exceeded'],
  ])('a %d of either dialect is the caller’s, in the provider’s words', (status, code) => {
    expect(upstreamError(status, anthropic)).toMatchObject({ code, message: 'max_tokens: too large' })
    expect(upstreamError(status, openai)).toMatchObject({ code, message: 'max_tokens: too large', param: 'max_tokens' })
  })

  test.each<[number, ErrorCode]>([
    [401, 'upstream_error'],
    [403, 'upstream_error'],
    [408, 'upstream_timeout'],
    [500, 'upstream_error'],
    [502, 'upstream_error'],
    [503, 'upstream_unavailable'],
    [504, 'upstream_timeout'],
    [529, 'upstream_unavailable'],
    [418, 'upstream_error'],
  ])('a %d is not, and nothing of it is repeated', (status, code) => {
    const failure = upstreamError(status, { error: { message: 'at 10.0.0.1 with sk-ant-api03-SECRETSECRET' } })
    expect(failure.code).toBe(code)
    expect(failure.message).not.toMatch(/10\.0\.0\.1|SECRET/)
  })

  test('how long to wait is passed on, in seconds', () => {
    expect(upstreamError(429, anthropic, '7').headers).toEqual({ 'Retry-After': '7' })
    expect(upstreamError(529, anthropic, '7').headers).toEqual({ 'Retry-After': '7' })
    for (const other of [null, '', 'soon', '-1', '7\r\nSet-Cookie: a=b'])
      expect(upstreamError(429, anthropic, other).headers).toEqual({})
  })

  test('a key that a provider repeats is struck out', () => {
    const failure = upstreamError(400, { error: { message: 'no such key sk-ant-api03-SECRETSECRET' } })
    expect(failure.message).toBe('no such key [redacted]')
    expect(JSON.stringify(failure.cause)).not.toContain('SECRETSECRET')
  })

  test.each<[unknown, string]>([
    [{ error: 'just a sentence' }, 'just a sentence'],
    [{ message: 'one level less' }, 'one level less'],
    [undefined, 'The provider of the model refused the request with 400'],
    ['<html>', 'The provider of the model refused the request with 400'],
    [{ error: { message: { nested: true } } }, 'The provider of the model refused the request with 400'],
  ])('%j can be read', (body, sentence) => {
    expect(upstreamError(400, body).message).toBe(sentence)
  })

  test.each<[string, ErrorCode]>([
    ['overloaded_error', 'upstream_unavailable'],
    ['rate_limit_error', 'rate_limit_exceeded'],
    ['invalid_request_error', 'invalid_request'],
    ['authentication_error', 'upstream_error'],
    ['timeout_error', 'upstream_timeout'],
    ['api_error', 'upstream_error'],
    ['constructor', 'upstream_error'],
  ])('%s in a stream is %s', (type, code) => {
    expect(streamError({ type: 'error', error: { type, message: 'x' } }).code).toBe(code)
  })
})
