import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ApiError } from '../src/http/errors.ts'
import { CHAT_AT_ANTHROPIC } from '../src/models/anthropic/chat-parameters.ts'
import type { Json } from '../src/models/fields.ts'
import type { ServedModel } from '../src/models/registry.ts'
import { toChatOfResponse } from '../src/models/responses/chat-request.ts'
import { toEncryptedContent } from '../src/models/responses/encrypted-reasoning.ts'
import { REASONING, RESPONSE_AS_CHAT } from '../src/models/responses/parameters.ts'
import { translate } from '../src/models/translation.ts'
import { arbitraryJson } from './arbitrary-json.ts'

const PIXEL = 'iVBORw0KGgo='
const THOUGHT = { type: 'thinking', thinking: 'Hm', signature: 'signed' }

/** What a call of a response becomes at Anthropic, and at a model that has chats alone. */
function asked(body: Json, operation: 'messages' | 'chat'): Json {
  const backend = { dialect: operation === 'chat' ? 'openai' : 'anthropic', operations: [operation] }
  const provider = { kind: operation === 'chat' ? 'openai-compatible' : 'anthropic', backend }
  const served = {
    provider,
    entry: { id: 'm' },
    name: 'p/m',
    upstreamModel: 'claude-sonnet-5',
  } as unknown as ServedModel
  const request = { operation: 'responses' as const, dialect: 'openai' as const, body, model: 'm' }
  const head = { id: 'x', created: 1, defaultMaxTokens: 4000 }
  return translate({ ...request, stream: false, includeUsage: false, headers: {} }, served, false, head).body
}
const atAnthropic = (body: Json) => asked({ model: 'm', input: 'Hi', ...body }, 'messages')
const asChat = (body: Json) => asked({ model: 'm', input: 'Hi', ...body }, 'chat')

const TOOL = { type: 'function', name: 'add', description: 'Adds', parameters: { type: 'object', properties: {} } }
const ADD = { name: 'add', description: 'Adds', parameters: TOOL.parameters }

describe('a response becomes', () => {
  const everything = {
    instructions: 'Be brief',
    input: [
      { role: 'developer', content: 'And kind' },
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'Look' },
          { type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${PIXEL}` },
          { type: 'input_file', filename: 'a.pdf', file_data: `data:application/pdf;base64,${PIXEL}` },
        ],
      },
      {
        type: 'reasoning',
        id: 'rs_1',
        summary: [{ type: 'summary_text', text: 'Hm' }],
        encrypted_content: toEncryptedContent(THOUGHT),
      },
      {
        type: 'message',
        id: 'msg_1',
        status: 'completed',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'I add.', annotations: [], logprobs: [] }],
      },
      { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'add', arguments: '{"a":1}', status: 'completed' },
      { type: 'function_call', call_id: 'call_2', name: 'add', arguments: '{"a":2}' },
      { type: 'function_call_output', call_id: 'call_1', output: '1' },
      { type: 'function_call_output', call_id: 'call_2', output: [{ type: 'input_text', text: '2' }] },
      { role: 'user', content: 'And now?' },
    ],
    max_output_tokens: 3000,
    temperature: 0.5,
    top_p: 0.9,
    parallel_tool_calls: false,
    tools: [TOOL],
    tool_choice: 'required',
    metadata: { user_id: 'u1', note: 'n' },
    text: {
      format: { type: 'json_schema', name: 'o', schema: { type: 'object', properties: { a: { type: 'string' } } } },
    },
  }

  test('a message of Anthropic', () => {
    expect(atAnthropic(everything)).toEqual({
      model: 'claude-sonnet-5',
      max_tokens: 3000,
      temperature: 0.5,
      top_p: 0.9,
      system: [
        { type: 'text', text: 'Be brief' },
        { type: 'text', text: 'And kind' },
      ],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
            {
              type: 'document',
              title: 'a.pdf',
              source: { type: 'base64', media_type: 'application/pdf', data: PIXEL },
            },
          ],
        },
        {
          role: 'assistant',
          content: [
            THOUGHT,
            { type: 'text', text: 'I add.' },
            { type: 'tool_use', id: 'call_1', name: 'add', input: { a: 1 } },
            { type: 'tool_use', id: 'call_2', name: 'add', input: { a: 2 } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'call_1', content: '1' },
            { type: 'tool_result', tool_use_id: 'call_2', content: [{ type: 'text', text: '2' }] },
            { type: 'text', text: 'And now?' },
          ],
        },
      ],
      tools: [{ name: 'add', description: 'Adds', input_schema: TOOL.parameters }],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
      metadata: { user_id: 'u1' },
      output_config: {
        format: {
          type: 'json_schema',
          schema: { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false },
        },
      },
    })
  })

  test('a chat', () => {
    expect(asChat(everything)).toEqual({
      model: 'claude-sonnet-5',
      max_tokens: 3000,
      temperature: 0.5,
      top_p: 0.9,
      parallel_tool_calls: false,
      messages: [
        { role: 'system', content: 'Be brief' },
        { role: 'system', content: 'And kind' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look' },
            { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}`, detail: 'auto' } },
            { type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${PIXEL}` } },
          ],
        },
        {
          role: 'assistant',
          content: [{ type: 'text', text: 'I add.' }],
          tool_calls: [1, 2].map((n) => ({
            id: `call_${n}`,
            type: 'function',
            function: { name: 'add', arguments: `{"a":${n}}` },
          })),
        },
        { role: 'tool', tool_call_id: 'call_1', content: '1' },
        { role: 'tool', tool_call_id: 'call_2', content: [{ type: 'text', text: '2' }] },
        { role: 'user', content: 'And now?' },
      ],
      tools: [{ type: 'function', function: ADD }],
      tool_choice: 'required',
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'o', schema: { type: 'object', properties: { a: { type: 'string' } } } },
      },
    })
  })

  test('a question of one line', () => {
    expect(asChat({}).messages).toEqual([{ role: 'user', content: 'Hi' }])
    expect(atAnthropic({})).toMatchObject({ max_tokens: 4000, messages: [{ role: 'user' }] })
  })

  test('what the model that reasoned can take back: signed thinking at Anthropic, told reasoning elsewhere', () => {
    const told = { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm' }], encrypted_content: 'of-another' }
    const said = { role: 'assistant', content: 'Hello' }
    const input = [{ role: 'user', content: 'Hi' }, told, said, { role: 'user', content: 'And?' }]
    expect(asChat({ input }).messages).toMatchObject([{}, { reasoning_content: 'Hm', content: 'Hello' }, {}])
    expect(atAnthropic({ input }).messages).toMatchObject([{}, { content: [{ type: 'text', text: 'Hello' }] }, {}])
  })

  test('no message where a model only thought, which another cannot read', () => {
    const thought = { type: 'reasoning', summary: [], encrypted_content: toEncryptedContent(THOUGHT) }
    const input = [{ role: 'user', content: 'Hi' }, thought, { role: 'user', content: 'And?' }]
    expect(asChat({ input }).messages).toEqual([
      { role: 'user', content: 'Hi' },
      { role: 'user', content: 'And?' },
    ])
    const bad = [...input, { role: 'user', content: [{ type: 'input_file', file_id: 'x' }] }]
    expect(() => asChat({ input: bad })).toThrow(expect.objectContaining({ param: 'input[3].content[0].file_id' }))
  })

  test('a place where a cache may break, in the words of Anthropic', () => {
    const content = [{ type: 'input_text', text: 'Long', prompt_cache_breakpoint: { mode: 'explicit' } }]
    const input = [{ role: 'user', content }]
    expect(atAnthropic({ input }).messages).toMatchObject([{ content: [{ cache_control: { type: 'ephemeral' } }] }])
    expect(asChat({ input }).messages).toEqual([{ role: 'user', content: [{ type: 'text', text: 'Long' }] }])
  })

  test('thinking between calls stays in its place', () => {
    const thought = (n: number) => ({ ...THOUGHT, thinking: `${n}` })
    const item = (n: number) => ({ type: 'reasoning', summary: [], encrypted_content: toEncryptedContent(thought(n)) })
    const call = { type: 'function_call', call_id: 'call_1', name: 'add', arguments: '{}' }
    const input = [{ role: 'user', content: 'Hi' }, item(1), { role: 'assistant', content: 'One' }, item(2), call]
    expect(atAnthropic({ input }).messages).toMatchObject([
      {},
      { content: [thought(1), { text: 'One' }, thought(2), { type: 'tool_use' }] },
    ])
  })

  test.each([
    ['auto', 'auto', ['add', 'sub']],
    [{ type: 'function', name: 'sub' }, { type: 'function', function: { name: 'sub' } }, ['add', 'sub']],
    [{ type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'sub' }] }, 'required', ['sub']],
  ])('the choice %j of a tool', (tool_choice, chosen, left) => {
    const chat = asChat({ tools: [TOOL, { ...TOOL, name: 'sub' }], tool_choice })
    expect(chat.tool_choice).toEqual(chosen)
    expect((chat.tools as { function: { name: string } }[]).map((tool) => tool.function.name)).toEqual(left)
  })
})

describe('of a response', () => {
  test.each(Object.keys(RESPONSE_AS_CHAT.dropped))('%s is left out, as documented', (name) => {
    expect(asChat({ [name]: 'x' })).toEqual(asChat({}))
  })
  test.each(Object.keys(REASONING.dropped))('reasoning.%s is left out, as documented', (name) => {
    expect(asChat({ reasoning: { [name]: 'auto' } })).toEqual(asChat({}))
  })
  test.each(Object.entries(RESPONSE_AS_CHAT.unsupported))(
    '%s is refused, unless it asks for nothing',
    (name, { neutral }) => {
      expect(() => asChat({ [name]: 'x' })).toThrow(
        expect.objectContaining({ code: 'unsupported_parameter', param: name }),
      )
      for (const value of [...neutral, null]) expect(asChat({ [name]: value })).toEqual(asChat({}))
    },
  )

  const user = (content: unknown) => ({
    input: [
      { role: 'developer', content: 'x' },
      { role: 'user', content },
    ],
  })
  const part = (one: Json) => user([{ type: 'input_text', text: 'x' }, one])

  test.each<[string, Json]>([
    ['of_tomorrow', { of_tomorrow: 1 }],
    ['input[0]', { input: [{ type: 'item_reference', id: 'msg_1' }] }],
    ['input[0]', { input: [{ id: 'msg_1' }] }],
    ['input[0].type', { input: [{ type: 'web_search_call', id: 'ws_1' }] }],
    ['input[0].type', { input: [{ type: 'custom_tool_call', call_id: 'c', name: 'x', input: '' }] }],
    [
      'input[0].namespace',
      { input: [{ type: 'function_call', call_id: 'c', name: 'x', arguments: '{}', namespace: 'n' }] },
    ],
    ['input[1].content[1].file_id', part({ type: 'input_image', file_id: 'file_1' })],
    ['input[1].content[1].file_id', part({ type: 'input_file', file_id: 'file_1' })],
    ['input[1].content[1].type', part({ type: 'input_audio', input_audio: {} })],
    ['include[0]', { include: ['message.output_text.logprobs'] }],
    ['reasoning.mode', { reasoning: { mode: 'pro' } }],
    ['text.of_tomorrow', { text: { of_tomorrow: 1 } }],
    ['tools[0].type', { tools: [{ type: 'web_search' }] }],
    ['tools[0].type', { tools: [{ type: 'custom', name: 'x' }] }],
    ['tools[0].defer_loading', { tools: [{ ...TOOL, defer_loading: true }] }],
    ['tool_choice', { tools: [TOOL], tool_choice: { type: 'web_search' } }],
  ])('what nobody but OpenAI can do is refused by its name: %s', (param, body) => {
    for (const translated of [asChat, atAnthropic])
      expect(() => translated(body)).toThrow(expect.objectContaining({ code: 'unsupported_parameter', param }))
  })

  test.each<[string, Json]>([
    ['text.verbosity', { text: { verbosity: 'low' } }],
    ['text.format', { text: { format: { type: 'json_schema', name: 'x', schema: { type: 'object' } } } }],
    ['text.format.schema', { text: { format: { type: 'json_schema', name: 'x', schema: 'x' } } }],
    ['reasoning.effort', { reasoning: { effort: 'much' } }],
    ['service_tier', { service_tier: 'flex' }],
    ['max_output_tokens', { max_output_tokens: 0.5 }],
    ['temperature', { temperature: 3 }],
    ['input', { input: [] }],
    ['input[0].content', { input: [{ role: 'user', content: 'x' }, { role: 'user' }].slice(1) }],
    ['input[1].content[1].image_url', part({ type: 'input_image', image_url: 'http://example.com/a.png' })],
    ['input[1].content[1].file_data', part({ type: 'input_file', file_data: 'no base64' })],
    ['input[1].content[1].image_url', part({ type: 'input_image', image_url: 'data:image/png;base64,!' })],
    ['tool_choice', { tool_choice: 'required' }],
    ['tools[0].parameters', { tools: [{ type: 'function', name: 'x', parameters: 'x' }] }],
  ])('what Anthropic refuses is told by the name that it was said by: %s', (param, body) => {
    const error = (() => {
      try {
        return atAnthropic(body)
      } catch (thrown) {
        return thrown
      }
    })()
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({ param })
    expect(String(error)).not.toMatch(/messages\[|response_format|json_schema\.|image_url\.url|max_completion/)
  })

  test('what a chat elsewhere cannot read is refused: documents by address, pictures as results of tools', () => {
    const file = part({ type: 'input_file', file_url: 'https://example.com/a.pdf' })
    expect(() => asChat(file)).toThrow(expect.objectContaining({ param: 'input[1].content[1].file_url' }))
    expect(atAnthropic(file).messages).toMatchObject([
      { content: [{}, { type: 'document', source: { type: 'url', url: 'https://example.com/a.pdf' } }] },
    ])
    const image = { type: 'input_image', image_url: 'https://example.com/a.png' }
    const input = [
      { role: 'user', content: 'x' },
      { type: 'function_call', call_id: 'c', name: 'x', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c', output: [image] },
    ]
    expect(() => asChat({ input })).toThrow(expect.objectContaining({ param: 'input[2].output' }))
    expect(atAnthropic({ input }).messages).toMatchObject([{}, {}, { content: [{ content: [{ type: 'image' }] }] }])
  })

  test('each parameter that is carried is one that a chat has, or has a place of its own', () => {
    const body = {
      user: 'u',
      safety_identifier: 's',
      prompt_cache_key: 'k',
      service_tier: 'auto',
      temperature: 1,
      top_p: 1,
    }
    expect(asChat(body)).toMatchObject(body)
    for (const name of Object.keys(body))
      expect([...CHAT_AT_ANTHROPIC.translated, ...Object.keys(CHAT_AT_ANTHROPIC.dropped)]).toContain(name)
  })

  test('no body whatever makes it fail otherwise than with a 400', () => {
    const json = arbitraryJson as fc.Arbitrary<Json>
    const types = fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom('input_text', 'output_text', 'refusal', 'input_image', 'input_file') },
      json,
    )
    const content = fc.oneof(
      json,
      fc.array(
        fc.record({ type: types, text: json, image_url: json, file_data: json, file_url: json }, { requiredKeys: [] }),
      ),
    )
    const item = fc.record(
      {
        type: fc.oneof(
          { weight: 5, arbitrary: fc.constantFrom('message', 'reasoning', 'function_call', 'function_call_output') },
          json,
        ),
        role: fc.constantFrom('system', 'user', 'assistant', 'x'),
        content,
        output: content,
        call_id: fc.oneof(json, fc.string()),
        name: fc.oneof(json, fc.string()),
        arguments: fc.oneof(json, fc.string()),
        summary: fc.oneof(json, fc.array(fc.record({ text: json }))),
        encrypted_content: fc.oneof(
          json,
          fc.string().map((text) => `anthropic.${text}`),
        ),
      },
      { requiredKeys: [] },
    )
    const body = fc.record(
      {
        input: fc.oneof(json, fc.array(item)),
        tools: fc.oneof(json, fc.array(fc.record({ type: fc.oneof(fc.constant('function'), json), name: json }))),
        tool_choice: json,
        text: json,
        reasoning: json,
        include: fc.oneof(json, fc.array(json)),
      },
      { requiredKeys: ['input'] },
    )
    fc.assert(
      fc.property(body, (given) => {
        for (const operation of ['messages', 'chat'] as const)
          try {
            asked(given, operation)
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(ApiError)
            expect((thrown as ApiError).status).toBe(400)
          }
      }),
      { numRuns: 1000 },
    )
  })

  test('a conversation of very many items is read in a time that grows as it does', () => {
    const call = { type: 'function_call', call_id: 'c', name: 'x', arguments: '{}' }
    const input = [{ role: 'user', content: 'Hi' }, ...Array.from({ length: 200_000 }, () => call)]
    const tools = Array.from({ length: 20_000 }, (_, n) => ({ ...TOOL, name: `t${n}` }))
    const tool_choice = { type: 'allowed_tools', mode: 'auto', tools }
    const started = performance.now()
    asChat({ input, tools, tool_choice })
    expect(performance.now() - started).toBeLessThan(5000)
  })

  test('the limit has the name that its model knows', () => {
    const options = { model: 'm', isAnthropic: false }
    const chat = (limit: 'max_tokens' | 'max_completion_tokens') =>
      toChatOfResponse({ input: 'Hi', max_output_tokens: 5 }, { ...options, limit }).chat
    expect(chat('max_tokens')).toMatchObject({ max_tokens: 5 })
    expect(chat('max_completion_tokens')).toMatchObject({ max_completion_tokens: 5 })
  })
})
