import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ApiError } from '../src/http/errors.ts'
import { DROPPED as DROPPED_FOR_ANTHROPIC } from '../src/models/anthropic/chat-parameters.ts'
import { toChatRequest } from '../src/models/anthropic/chat-request.ts'
import { DROPPED as DROPPED_FOR_CHAT } from '../src/models/anthropic/messages-parameters.ts'
import { toMessagesRequest } from '../src/models/anthropic/messages-request.ts'
import type { Json } from '../src/models/fields.ts'
import { arbitraryJson } from './arbitrary-json.ts'

const MODEL = 'claude-opus-4-8'
const PIXEL = 'iVBORw0KGgo='
const hello = { role: 'user', content: 'hello' }
const asked = [{ role: 'user', content: [{ type: 'text', text: 'hello' }] }]

const toMessages = (chat: Json, model = MODEL) =>
  toMessagesRequest({ model: 'ours', messages: [hello], ...chat }, { model, defaultMaxTokens: 4096 })
const toChat = (body: Json) => toChatRequest({ max_tokens: 4096, messages: [hello], ...body }, { model: 'gpt' })
const said = (...messages: Json[]) => toMessages({ messages }).messages

function refusal(attempt: () => unknown) {
  try {
    attempt()
  } catch (error) {
    if (error instanceof ApiError) return { code: error.code, param: error.param, sentence: error.message }
    throw error
  }
  return 'accepted'
}

const lookup = { type: 'function', function: { name: 'lookup', parameters: { properties: { q: { type: 'string' } } } } }
const call = (id: string, args: string) => ({ id, type: 'function', function: { name: 'lookup', arguments: args } })

describe('a chat becomes a request of Anthropic', () => {
  test('with the upstream name of the model, and a limit where the chat sets none', () => {
    expect(toMessages({})).toEqual({ model: MODEL, max_tokens: 4096, messages: asked })
  })

  test('instructions are hoisted in their order, wherever they stood', () => {
    const body = toMessages({
      messages: [
        { role: 'system', content: 'one' },
        hello,
        { role: 'developer', content: [{ type: 'text', text: 'two', cache_control: { type: 'ephemeral' } }] },
        { role: 'system', content: 'three' },
      ],
    })
    expect(body.system).toEqual([
      { type: 'text', text: 'one' },
      { type: 'text', text: 'two', cache_control: { type: 'ephemeral' } },
      { type: 'text', text: 'three' },
    ])
    expect(body.messages).toEqual(asked)
  })

  test('images come by data and by https', () => {
    const image = (url: string) => ({ type: 'image_url', image_url: { url, detail: 'high' } })
    const content = [image(`data:image/png;base64,${PIXEL}`), image('https://example.com/cat.jpg')]
    expect(said({ role: 'user', content })).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
          { type: 'image', source: { type: 'url', url: 'https://example.com/cat.jpg' } },
        ],
      },
    ])
  })

  test('files come as documents: PDF, text, or by https', () => {
    const file = (data: string) => ({ type: 'file', file: { filename: 'a.pdf', file_data: data } })
    const text = Buffer.from('Grüße').toString('base64')
    const content = [
      file(`data:application/pdf;base64,${PIXEL}`),
      file(`data:text/markdown;base64,${text}`),
      file(PIXEL),
      file('https://example.com/a.pdf'),
    ]
    const sources = (said({ role: 'user', content }) as { content: Json[] }[])[0]?.content.map(({ source }) => source)
    expect(sources).toEqual([
      { type: 'base64', media_type: 'application/pdf', data: PIXEL },
      { type: 'text', media_type: 'text/plain', data: 'Grüße' },
      { type: 'base64', media_type: 'application/pdf', data: PIXEL },
      { type: 'url', url: 'https://example.com/a.pdf' },
    ])
  })

  test('the results of parallel calls, and what the user adds, are one turn', () => {
    expect(
      said(
        hello,
        { role: 'assistant', content: null, tool_calls: [call('a', '{"q":"x"}'), call('b', '')] },
        { role: 'tool', tool_call_id: 'a', content: 'found' },
        { role: 'tool', tool_call_id: 'b', content: [{ type: 'text', text: 'nothing' }] },
        { role: 'user', content: 'go on' },
      ),
    ).toEqual([
      ...asked,
      {
        role: 'assistant',
        content: [
          { type: 'tool_use', id: 'a', name: 'lookup', input: { q: 'x' } },
          { type: 'tool_use', id: 'b', name: 'lookup', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: 'found' },
          { type: 'tool_result', tool_use_id: 'b', content: [{ type: 'text', text: 'nothing' }] },
          { type: 'text', text: 'go on' },
        ],
      },
    ])
  })

  test.each(['{"q":', '[1]', '"text"', 'null', '1e400'])('arguments that are no JSON object (%s) are kept', (args) => {
    const turns = said(hello, { role: 'assistant', tool_calls: [call('a', args)] }) as { content: Json[] }[]
    expect(turns[1]?.content[0]).toMatchObject({ input: { invalid_arguments: args } })
  })

  test('ids with characters that Anthropic refuses are the same in call and result', () => {
    const turns = said(
      hello,
      { role: 'assistant', tool_calls: [call('functions.lookup:0', '{}')] },
      { role: 'tool', tool_call_id: 'functions.lookup:0', content: '' },
    ) as { content: Json[] }[]
    expect([turns[1]?.content[0]?.id, turns[2]?.content[0]?.tool_use_id]).toEqual([
      'functions_lookup_0',
      'functions_lookup_0',
    ])
  })

  test('empty text is left out, and white space at the end of a prefill', () => {
    const turns = said(hello, { role: 'user', content: '' }, { role: 'assistant', content: 'The answer is \n' })
    expect(turns).toEqual([...asked, { role: 'assistant', content: [{ type: 'text', text: 'The answer is' }] }])
  })

  test('thinking goes back as it was signed, and not without a signature', () => {
    const blocks = [
      { type: 'thinking', thinking: 'hm', signature: 's1' },
      { type: 'redacted_thinking', data: 'xyz' },
    ]
    const echo = { role: 'assistant', content: 'hi', reasoning_content: 'hm', refusal: null, annotations: [] }
    const last = (turns: unknown) => (turns as { content: Json[] }[]).at(-2)?.content
    expect(last(said(hello, { ...echo, thinking_blocks: blocks }, hello))).toEqual([
      ...blocks,
      { type: 'text', text: 'hi' },
    ])
    expect(last(said(hello, { ...echo, thinking_blocks: [{ type: 'thinking', thinking: 'hm' }] }, hello))).toEqual([
      { type: 'text', text: 'hi' },
    ])
  })

  test.each<[string, Json, Json]>([
    ['one choice', { n: 1 }, {}],
    ['max_tokens', { max_tokens: 7 }, { max_tokens: 7 }],
    ['max_completion_tokens before max_tokens', { max_tokens: 7, max_completion_tokens: 9 }, { max_tokens: 9 }],
    ['one stop', { stop: 'END' }, { stop_sequences: ['END'] }],
    ['several stops', { stop: ['a', 'b'] }, { stop_sequences: ['a', 'b'] }],
    ['temperature', { temperature: 0.5 }, { temperature: 0.5 }],
    ['temperature 0', { temperature: 0 }, { temperature: 0 }],
    ['temperature above the scale, which is the default', { temperature: 1.5 }, {}],
    ['top_p', { top_p: 0.9 }, { top_p: 0.9 }],
    ['top_p that is the default', { top_p: 1 }, {}],
    ['top_k', { top_k: 5 }, { top_k: 5 }],
    ['streaming', { stream: true, stream_options: { include_usage: true } }, { stream: true }],
    ['no streaming', { stream: false }, {}],
    ['the user id of metadata', { metadata: { user_id: 'u1', note: 'x' } }, { metadata: { user_id: 'u1' } }],
    ['metadata without one', { metadata: { note: 'x' } }, {}],
    ['the tier auto', { service_tier: 'auto' }, { service_tier: 'auto' }],
    ['the tier default', { service_tier: 'default' }, { service_tier: 'standard_only' }],
    ['caching of the whole', { cache_control: { type: 'ephemeral' } }, { cache_control: { type: 'ephemeral' } }],
    ['thinking in Anthropic words', { thinking: { type: 'adaptive' } }, { thinking: { type: 'adaptive' } }],
    ['a format of text', { response_format: { type: 'text' } }, {}],
    [
      'a format of any object',
      { response_format: { type: 'json_object' } },
      { system: [{ type: 'text', text: 'Answer with one JSON object and nothing around it.' }] },
    ],
    ['no tools', { tools: [], tool_choice: 'auto', parallel_tool_calls: false }, {}],
    ['null for what is left out', { temperature: null, tools: null, stop: null, n: null, audio: null }, {}],
    ['what asks for nothing', { logprobs: false, logit_bias: {}, frequency_penalty: 0, modalities: ['text'] }, {}],
  ])('%s', (_, chat, expected) => {
    expect(toMessages(chat)).toEqual({ model: MODEL, max_tokens: 4096, messages: asked, ...expected })
  })

  test.each<[string, Json, Json | undefined]>([
    ['no choice', {}, undefined],
    ['auto', { tool_choice: 'auto' }, { type: 'auto' }],
    ['required', { tool_choice: 'required' }, { type: 'any' }],
    ['none', { tool_choice: 'none', parallel_tool_calls: false }, { type: 'none' }],
    ['one', { tool_choice: { type: 'function', function: { name: 'lookup' } } }, { type: 'tool', name: 'lookup' }],
    ['one at a time', { parallel_tool_calls: false }, { type: 'auto', disable_parallel_tool_use: true }],
    [
      'required, one at a time',
      { tool_choice: 'required', parallel_tool_calls: false },
      { type: 'any', disable_parallel_tool_use: true },
    ],
    ['in parallel', { parallel_tool_calls: true }, undefined],
  ])('tools: %s', (_, chat, choice) => {
    const body = toMessages({ tools: [lookup], ...chat })
    expect(body.tool_choice).toEqual(choice)
    expect(body.tools).toEqual([
      { name: 'lookup', input_schema: { type: 'object', properties: { q: { type: 'string' } } } },
    ])
  })

  test('a tool keeps its description, strictness and caching', () => {
    const described = { name: 'lookup', description: 'Looks up', strict: true }
    const body = toMessages({
      tools: [{ type: 'function', function: described, cache_control: { type: 'ephemeral' } }],
    })
    expect(body.tools).toEqual([
      { ...described, input_schema: { type: 'object' }, cache_control: { type: 'ephemeral' } },
    ])
  })

  test.each<[string, string, Json]>([
    ['claude-opus-4-8', 'high', { thinking: { type: 'adaptive', display: 'summarized' }, effort: 'high' }],
    ['claude-sonnet-5', 'minimal', { thinking: { type: 'adaptive', display: 'summarized' }, effort: 'low' }],
    ['claude-something-new', 'xhigh', { thinking: { type: 'adaptive', display: 'summarized' }, effort: 'xhigh' }],
    ['claude-opus-4-8', 'none', { thinking: { type: 'disabled' } }],
    ['claude-sonnet-4-5', 'none', {}],
    ['claude-sonnet-4-5', 'low', { thinking: { type: 'enabled', budget_tokens: 2000 } }],
    ['anthropic.claude-sonnet-4-20250514-v1:0', 'high', { thinking: { type: 'enabled', budget_tokens: 8000 } }],
    ['claude-3-7-sonnet-20250219', 'medium', { thinking: { type: 'enabled', budget_tokens: 5000 } }],
    ['claude-haiku-4-5@20251001', 'minimal', { thinking: { type: 'enabled', budget_tokens: 1024 } }],
  ])('%s is told to think %s', (model, effort, expected) => {
    const body = toMessages({ reasoning_effort: effort, max_tokens: 10_000 }, model)
    expect({ thinking: body.thinking, effort: (body.output_config as Json | undefined)?.effort }).toEqual({
      thinking: expected.thinking,
      effort: expected.effort,
    })
  })

  test('a budget for thinking never adds to what a call may cost, and is left out where there is no room', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.constantFrom('minimal', 'low', 'high', 'max'),
        (max, how) => {
          const body = toMessages({ reasoning_effort: how, max_tokens: max }, 'claude-sonnet-4-5')
          expect(body.max_tokens).toBe(max)
          const budget = (body.thinking as { budget_tokens: number } | undefined)?.budget_tokens
          if (budget !== undefined) expect(budget >= 1024 && budget < max).toBe(true)
          else expect(max).toBeLessThanOrEqual(1024)
        },
      ),
    )
  })

  test('thinking gives way to a call that must be made, and to a turn that began without', () => {
    const effort = { reasoning_effort: 'high', tools: [lookup], max_tokens: 9000 }
    expect(toMessages({ ...effort, tool_choice: 'required' }, 'claude-sonnet-4-5').thinking).toBeUndefined()
    expect(toMessages({ ...effort, tool_choice: 'required' })).not.toHaveProperty('thinking')
    const inTheMiddle = [
      hello,
      { role: 'assistant', tool_calls: [call('a', '{}')] },
      { role: 'tool', tool_call_id: 'a', content: 'x' },
    ]
    expect(toMessages({ ...effort, messages: inTheMiddle }, 'claude-sonnet-4-5').thinking).toBeUndefined()
    expect(toMessages({ ...effort, messages: [...inTheMiddle, hello] }, 'claude-opus-4-8').thinking).toBeDefined()
  })

  test('a JSON schema becomes a structured output, of which Anthropic knows a part', () => {
    const schema = {
      type: 'object',
      properties: {
        age: { type: 'integer', minimum: 0, description: 'In years' },
        tags: { type: 'array', items: { type: 'string', format: 'uuid' }, maxItems: 3 },
        kind: { oneOf: [{ const: 'a' }, { $ref: '#/$defs/kind' }] },
      },
      required: ['age'],
      $defs: { kind: { type: 'string', format: 'made-up' } },
    }
    const body = toMessages({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } })
    expect(body.output_config).toEqual({
      format: {
        type: 'json_schema',
        schema: {
          type: 'object',
          properties: {
            age: { type: 'integer', description: 'In years\nminimum: 0' },
            tags: { type: 'array', items: { type: 'string', format: 'uuid' }, description: 'maxItems: 3' },
            kind: { anyOf: [{ const: 'a' }, { $ref: '#/$defs/kind' }] },
          },
          required: ['age'],
          $defs: { kind: { type: 'string', description: 'format: "made-up"' } },
          additionalProperties: false,
        },
      },
    })
  })

  test.each(Object.keys(DROPPED_FOR_ANTHROPIC))('%s is left out, as documented', (name) => {
    expect(toMessages({ [name]: 'x' })).toEqual(toMessages({}))
  })

  const audio = { type: 'input_audio', input_audio: { data: PIXEL, format: 'wav' } }
  const map = { type: 'object', additionalProperties: { type: 'string' } }
  test.each<[string, Json]>([
    ['n', { n: 2 }],
    ['logprobs', { logprobs: true }],
    ['top_logprobs', { top_logprobs: 3 }],
    ['logit_bias', { logit_bias: { 50256: -100 } }],
    ['frequency_penalty', { frequency_penalty: 0.5 }],
    ['presence_penalty', { presence_penalty: -1 }],
    ['modalities', { modalities: ['text', 'audio'] }],
    ['audio', { audio: { voice: 'alloy', format: 'wav' } }],
    ['verbosity', { verbosity: 'low' }],
    ['web_search_options', { web_search_options: {} }],
    ['functions', { functions: [{ name: 'f' }] }],
    ['function_call', { function_call: 'auto' }],
    ['moderation', { moderation: { model: 'm' } }],
    ['service_tier', { service_tier: 'flex' }],
    ['response_format', { response_format: { type: 'grammar' } }],
    ['response_format', { response_format: { type: 'json_schema', json_schema: { schema: map } } }],
    ['reasoning_effort', { model: 'x', reasoning_effort: 'high' }],
    ['invented_tomorrow', { invented_tomorrow: true }],
    ['__proto__', JSON.parse('{"__proto__":{"n":2}}')],
    ['constructor', { constructor: 'x' }],
    ['tools[0].type', { tools: [{ type: 'custom', custom: { name: 'x' } }] }],
    ['tool_choice', { tools: [lookup], tool_choice: { type: 'allowed_tools', allowed_tools: {} } }],
    ['messages[0].content[0].type', { messages: [{ role: 'user', content: [audio] }] }],
    ['messages[0].content[0].type', { messages: [{ role: 'user', content: [{ type: 'toString' }] }] }],
    [
      'messages[0].content[0].file.file_id',
      { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'f' } }] }] },
    ],
    ['messages[0].audio', { messages: [{ role: 'assistant', audio: { id: 'a' } }] }],
    ['messages[0].function_call', { messages: [{ role: 'assistant', function_call: { name: 'f', arguments: '' } }] }],
    ['messages[0].role', { messages: [{ role: 'function', name: 'f', content: 'x' }] }],
    [
      'messages[0].tool_calls[0].type',
      { messages: [{ role: 'assistant', tool_calls: [{ id: 'a', type: 'custom' }] }] },
    ],
  ])('%s is refused by name when it asks for what Anthropic cannot do: %j', (param, chat) => {
    const model = param === 'reasoning_effort' ? 'claude-3-haiku-20240307' : MODEL
    expect(refusal(() => toMessages(chat, model))).toMatchObject({ code: 'unsupported_parameter', param })
  })

  const image = (url: unknown) => ({
    messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
  })
  const imageUrl = 'messages[0].content[0].image_url.url'
  test.each<[string, Json]>([
    [imageUrl, image('data:image/png;base64,????')],
    [imageUrl, image('data:image/png;base64,abc')],
    [imageUrl, image('data:image/png;base64,')],
    [imageUrl, image('data:image/png,abcd')],
    [imageUrl, image('data:image/png')],
    [imageUrl, image(`data:image/tiff;base64,${PIXEL}`)],
    [imageUrl, image('http://example.com/a.png')],
    [imageUrl, image('file:///etc/passwd')],
    [imageUrl, image('not an address')],
    [imageUrl, image(7)],
    ['messages', { messages: 'hello' }],
    ['messages', { messages: [] }],
    ['messages', { messages: [{ role: 'system', content: 'only' }] }],
    ['messages[0]', { messages: ['hello'] }],
    ['messages[0].role', { messages: [{ role: 'robot', content: 'x' }] }],
    ['messages[0].role', { messages: [{ content: 'x' }] }],
    ['messages[0].role', { messages: [{ role: 'constructor', content: 'x' }] }],
    ['messages[0].content', { messages: [{ role: 'user', content: 5 }] }],
    ['messages[0].content[0]', { messages: [{ role: 'user', content: [null] }] }],
    ['messages[0].content[0].text', { messages: [{ role: 'user', content: [{ type: 'text' }] }] }],
    ['messages[0].tool_call_id', { messages: [{ role: 'tool', content: 'x' }] }],
    ['messages[0].tool_calls[0].function', { messages: [{ role: 'assistant', tool_calls: [{ id: 'x' }] }] }],
    ['max_tokens', { max_tokens: 0 }],
    ['max_completion_tokens', { max_completion_tokens: 1.5 }],
    ['temperature', { temperature: 'hot' }],
    ['temperature', { temperature: 3 }],
    ['stop[1]', { stop: ['a', 1] }],
    ['tools', { tools: {} }],
    ['tools[0].function.name', { tools: [{ type: 'function', function: {} }] }],
    ['tool_choice', { tool_choice: 'required' }],
    ['tool_choice', { tools: [lookup], tool_choice: 'perhaps' }],
    ['reasoning_effort', { reasoning_effort: 'constructor' }],
    ['response_format', { response_format: 'json' }],
  ])('%s is an invalid request: %j', (param, chat) => {
    expect(refusal(() => toMessages(chat))).toMatchObject({ code: 'invalid_request', param })
  })

  test('no body whatever makes it fail otherwise than with a 400', () => {
    const json = arbitraryJson as fc.Arbitrary<Json>
    const part = fc.record(
      { type: fc.oneof(fc.constantFrom('text', 'image_url', 'file'), json), text: json, image_url: json, file: json },
      { requiredKeys: [] },
    )
    const message = fc.record(
      {
        role: fc.constantFrom('system', 'user', 'assistant', 'tool', 'developer'),
        content: fc.oneof(json, fc.array(part)),
        tool_calls: fc.oneof(json, fc.array(fc.record({ id: json, function: json }))),
        tool_call_id: json,
        thinking_blocks: json,
      },
      { requiredKeys: ['role'] },
    )
    const body = fc.record(
      {
        messages: fc.oneof(json, fc.array(message)),
        tools: json,
        tool_choice: json,
        response_format: json,
        stop: json,
      },
      { requiredKeys: ['messages'] },
    )
    fc.assert(
      fc.property(body, (chat) => {
        const answer = refusal(() => toMessages(chat))
        if (answer !== 'accepted') expect(['invalid_request', 'unsupported_parameter']).toContain(answer.code)
      }),
      { numRuns: 500 },
    )
  })

  test('a body of megabytes of base64 is checked in no time', () => {
    const data = 'A'.repeat(8_000_000)
    const started = performance.now()
    toMessages(image(`data:image/png;base64,${data}`))
    expect(refusal(() => toMessages(image(`data:image/png;base64,${data}!===`)))).toMatchObject({ param: imageUrl })
    expect(performance.now() - started).toBeLessThan(2000)
  })
})

describe('a request of Anthropic becomes a chat', () => {
  test('with instructions in front and the same limit', () => {
    expect(toChat({ system: 'be kind', model: 'ours' })).toEqual({
      model: 'gpt',
      max_completion_tokens: 4096,
      messages: [{ role: 'system', content: 'be kind' }, hello],
    })
  })

  test('results become messages of their own, and what they show is shown by the user', () => {
    const picture = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } }
    const results = [
      { type: 'text', text: 'look' },
      { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'here' }, picture] },
      { type: 'tool_result', tool_use_id: 'b', content: 'no such file', is_error: true },
      { type: 'tool_result', tool_use_id: 'c' },
    ]
    const body = toChat({
      messages: [
        { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'lookup', input: { q: 1 } }] },
        { role: 'user', content: results },
      ],
    })
    expect(body.messages).toEqual([
      { role: 'assistant', content: null, tool_calls: [call('a', '{"q":1}')] },
      { role: 'tool', tool_call_id: 'a', content: 'here' },
      {
        role: 'tool',
        tool_call_id: 'b',
        content: [
          { type: 'text', text: 'Error:' },
          { type: 'text', text: 'no such file' },
        ],
      },
      { role: 'tool', tool_call_id: 'c', content: '' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'look' },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } },
        ],
      },
    ])
  })

  test('unsigned thinking goes back where it came from; signed thinking is for Anthropic only', () => {
    const answer = (signature: string) => [
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'hm', signature },
          { type: 'text', text: 'hi' },
        ],
      },
    ]
    expect(toChat({ messages: answer('') }).messages).toEqual([
      { role: 'assistant', content: 'hi', reasoning_content: 'hm' },
    ])
    expect(toChat({ messages: answer('signed') }).messages).toEqual([{ role: 'assistant', content: 'hi' }])
  })

  test.each<[string, Json, Json]>([
    ['stop sequences', { stop_sequences: ['a'] }, { stop: ['a'] }],
    ['streaming, with usage', { stream: true }, { stream: true, stream_options: { include_usage: true } }],
    ['sampling', { temperature: 0.1, top_p: 0.2, top_k: 3 }, { temperature: 0.1, top_p: 0.2, top_k: 3 }],
    ['who asks', { metadata: { user_id: 'u' } }, { user: 'u' }],
    ['the tier', { service_tier: 'standard_only' }, { service_tier: 'default' }],
    ['effort', { output_config: { effort: 'max' }, thinking: { type: 'adaptive' } }, { reasoning_effort: 'max' }],
    ['thinking by default', { thinking: { type: 'adaptive' } }, {}],
    ['no thinking', { thinking: { type: 'disabled' } }, { reasoning_effort: 'none' }],
    ['a small budget', { thinking: { type: 'enabled', budget_tokens: 800 } }, { reasoning_effort: 'low' }],
    ['a large budget', { thinking: { type: 'enabled', budget_tokens: 4000 } }, { reasoning_effort: 'high' }],
    [
      'a format',
      { output_config: { format: { type: 'json_schema', schema: { type: 'object' } } } },
      {
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'output', schema: { type: 'object' }, strict: true },
        },
      },
    ],
    ['the usual speed', { speed: 'standard' }, {}],
  ])('%s', (_, body, expected) => {
    expect(toChat(body)).toEqual({ model: 'gpt', max_completion_tokens: 4096, messages: [hello], ...expected })
  })

  test.each(Object.keys(DROPPED_FOR_CHAT))('%s is left out, as documented', (name) => {
    expect(toChat({ [name]: {} })).toEqual(toChat({}))
  })

  const file = { type: 'image', source: { type: 'file', file_id: 'f' } }
  test.each<[string, Json]>([
    ['speed', { speed: 'fast' }],
    ['container', { container: 'c' }],
    ['mcp_servers', { mcp_servers: [] }],
    ['invented_tomorrow', { invented_tomorrow: 1 }],
    ['tools[0].type', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
    ['messages[0].content[0].source.type', { messages: [{ role: 'user', content: [file] }] }],
    ['messages[0].content[0].type', { messages: [{ role: 'user', content: [{ type: 'container_upload' }] }] }],
  ])('%s is refused by name: %j', (param, body) => {
    expect(refusal(() => toChat(body))).toMatchObject({ code: 'unsupported_parameter', param })
  })

  test.each<[string, Json]>([
    ['max_tokens', { max_tokens: undefined }],
    ['messages', { messages: undefined }],
    ['messages[0].role', { messages: [{ role: 'tool', content: 'x' }] }],
    ['messages[0].content', { messages: [{ role: 'user' }] }],
    ['tool_choice.type', { tools: [{ name: 'a', input_schema: {} }], tool_choice: { type: 'x' } }],
  ])('%s is an invalid request: %j', (param, body) => {
    expect(refusal(() => toChat(body))).toMatchObject({ code: 'invalid_request', param })
  })

  test('no body whatever makes it fail otherwise than with a 400', () => {
    const json = arbitraryJson as fc.Arbitrary<Json>
    const types = fc.constantFrom('text', 'thinking', 'tool_use', 'tool_result', 'image', 'document', 'search_result')
    const members = { id: json, name: json, input: json, tool_use_id: json, source: json, title: json, content: json }
    const block = fc.record(
      { type: fc.oneof(types, json), text: json, thinking: json, signature: json, ...members },
      { requiredKeys: ['type'] },
    )
    const message = fc.record({
      role: fc.constantFrom('user', 'assistant'),
      content: fc.oneof(json, fc.array(block), fc.string()),
    })
    const body = fc.record(
      {
        messages: fc.oneof(json, fc.array(message)),
        system: fc.oneof(json, fc.array(block)),
        tools: fc.oneof(json, fc.array(fc.record({ type: json, name: json, input_schema: json }))),
        tool_choice: json,
        stop_sequences: json,
        thinking: json,
        output_config: json,
      },
      { requiredKeys: ['messages'] },
    )
    fc.assert(
      fc.property(body, (given) => {
        const answer = refusal(() => toChat(given))
        if (answer !== 'accepted') expect(['invalid_request', 'unsupported_parameter']).toContain(answer.code)
      }),
      { numRuns: 500 },
    )
  })
})

describe('there and back', () => {
  const text = fc.string({ unit: 'binary', minLength: 1 }).filter((said) => said.trim() === said && said !== '')
  const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/)
  const input = fc
    .dictionary(fc.string(), fc.jsonValue())
    .map((value) => JSON.stringify(JSON.parse(JSON.stringify(value))))
  const picture = fc.constant({ type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } })
  const userContent = fc.oneof(
    text,
    fc
      .tuple(
        text,
        fc.oneof(
          picture,
          text.map((said) => ({ type: 'text', text: said })),
        ),
      )
      .map(([first, second]) => [{ type: 'text', text: first }, second]),
  )
  const exchange = fc.record({
    asks: userContent,
    says: text,
    ids: fc.uniqueArray(id, { maxLength: 3 }),
    input,
    result: text,
  })
  const conversation = fc
    .tuple(text, fc.array(exchange, { maxLength: 4 }), userContent)
    .map(([system, exchanges, last]) => [
      { role: 'system', content: system },
      ...exchanges.flatMap(({ asks, says, ids, input: args, result }) => [
        { role: 'user', content: asks },
        {
          role: 'assistant',
          content: says,
          ...(ids.length > 0 && { tool_calls: ids.map((one) => call(one, args)) }),
        },
        ...ids.map((one) => ({ role: 'tool', tool_call_id: one, content: result })),
        ...(ids.length > 0 ? [{ role: 'assistant', content: says }] : []),
      ]),
      { role: 'user', content: last },
    ])
  const parameters = fc.record(
    {
      temperature: fc.constantFrom(0, 0.25, 0.5),
      top_p: fc.constantFrom(0.1, 0.9),
      stop: fc.array(text, { minLength: 1, maxLength: 4 }),
      tools: fc.constant(
        [lookup].map((tool) => ({
          ...tool,
          function: { ...tool.function, parameters: { type: 'object', ...tool.function.parameters } },
        })),
      ),
      reasoning_effort: fc.constantFrom('none', 'low', 'medium', 'high', 'xhigh', 'max'),
    },
    { requiredKeys: [] },
  )
  const choice = fc.constantFrom('auto', 'required', 'none', { type: 'function', function: { name: 'lookup' } })

  test('a chat that goes through the words of Anthropic still means the same', () => {
    fc.assert(
      fc.property(conversation, parameters, choice, (messages, chosen, tool_choice) => {
        const chat = {
          model: 'gpt',
          messages,
          max_completion_tokens: 5000,
          ...chosen,
          ...(chosen.tools && { tool_choice }),
        }
        const there = toMessagesRequest(chat, { model: MODEL, defaultMaxTokens: 1 })
        expect(toChatRequest(there, { model: 'gpt' })).toEqual(chat)
      }),
      { numRuns: 300 },
    )
  })
})
