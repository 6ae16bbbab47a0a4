import fc from 'fast-check'
import OpenAI from 'openai'
import OpenAI6 from 'openai-v6'
import { describe, expect, test } from 'vitest'
import { writeEvent } from '../src/http/event-stream.ts'
import { createChatChunks } from '../src/models/anthropic/chat-chunks.ts'
import { toChatCompletion } from '../src/models/anthropic/chat-completion.ts'
import { eventsOfMessage } from '../src/models/anthropic/whole-message.ts'
import { chunksOfCompletion } from '../src/models/completion-chunks.ts'
import { isJson, type Json } from '../src/models/fields.ts'
import { readEncryptedContent } from '../src/models/responses/encrypted-reasoning.ts'
import { createResponseEvents } from '../src/models/responses/response-events.ts'
import { eventsOfResponse, toResponse } from '../src/models/responses/whole-response.ts'
import { throughBoth } from '../src/models/stream-translator.ts'
import {
  type Answer,
  chatChunksOf,
  chatCompletionOf,
  eventsOfBlocks,
  messageOfBlocks,
} from './models-anthropic-answers.ts'

const HEAD = { id: 'x1', created: 1_780_000_000, model: 'ours/model' }
const fromChat = () => createResponseEvents({ ...HEAD, request: { input: 'Hi' } })
const fromAnthropic = () => throughBoth(createChatChunks({ ...HEAD, includeUsage: true }), fromChat())

function streamed(translator: ReturnType<typeof fromChat>, events: readonly unknown[]): Json[] {
  return [...events.flatMap((event) => translator.push(event)), ...translator.end()]
}

const listOf = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isJson) : [])
const textOf = ({ output }: Json) =>
  listOf(output)
    .flatMap(({ content }) => listOf(content))
    .map(({ text = '' }) => text)
    .join('')
const callsOf = ({ output }: Json) =>
  listOf(output)
    .filter(({ type }) => type === 'function_call')
    .map(({ call_id: id, name, arguments: args }) => ({ id, type: 'function', function: { name, arguments: args } }))

const words = fc.string({ unit: 'grapheme', minLength: 1 })
const input = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.oneof(words, fc.integer(), fc.boolean()), {
  maxKeys: 3,
})
const block: fc.Arbitrary<Json> = fc.oneof(
  words.map((text) => ({ type: 'text', text })),
  words.map((thinking) => ({ type: 'thinking', thinking, signature: 'signed' })),
  fc.tuple(fc.stringMatching(/^[a-z]{1,8}$/), input).map(([name, given]) => ({ type: 'tool_use', name, input: given })),
)
/** In any order, as tools and thinking may follow each other. */
const blocks = fc
  .array(block, { maxLength: 6 })
  .map((all) => all.map((one, at) => (one.type === 'tool_use' ? { ...one, id: `toolu_${at}` } : one)))
const stopReason = fc.constantFrom('end_turn', 'tool_use', 'max_tokens', 'refusal', 'stop_sequence')
const answer: fc.Arbitrary<Answer> = fc.record({
  thinking: fc.oneof(fc.constant(''), words),
  texts: fc.array(words, { maxLength: 3 }),
  calls: fc
    .array(fc.record({ name: fc.stringMatching(/^[a-z]{1,8}$/), input }), { maxLength: 3 })
    .map((all) => all.map((one, at) => ({ ...one, id: `call_${at}` }))),
})

describe('whatever Anthropic answers,', () => {
  test('the stream ends with the response that the whole answer is', () => {
    fc.assert(
      fc.property(blocks, stopReason, (given, reason) => {
        const whole = toResponse(fromAnthropic(), eventsOfMessage(messageOfBlocks(given, reason)))
        expect(streamed(fromAnthropic(), eventsOfBlocks(given, reason)).at(-1)?.response).toEqual(whole)
      }),
    )
  })

  test('a response has the words and the calls that a chat has, and the same usage', () => {
    fc.assert(
      fc.property(blocks, stopReason, (given, reason) => {
        const message = messageOfBlocks(given, reason)
        const response = toResponse(fromAnthropic(), eventsOfMessage(message))
        const chat = toChatCompletion(message, HEAD)
        const [said] = listOf(chat.choices).map((choice) => choice.message as Json)
        expect(textOf(response)).toBe(said?.content ?? '')
        expect(callsOf(response)).toEqual(said?.tool_calls ?? [])
        expect(response.usage).toEqual({
          input_tokens: 18,
          input_tokens_details: { cached_tokens: 5, cache_write_tokens: 3 },
          output_tokens: 42,
          output_tokens_details: { reasoning_tokens: 0 },
          total_tokens: 60,
        })
      }),
    )
  })

  test('signed thinking comes back as it was, in its order', () => {
    fc.assert(
      fc.property(blocks, (given) => {
        const { output } = toResponse(fromAnthropic(), eventsOfMessage(messageOfBlocks(given, 'end_turn')))
        const reasoning = listOf(output).filter(({ type }) => type === 'reasoning')
        expect(reasoning.map((item) => readEncryptedContent(item.encrypted_content))).toEqual(
          given.filter(({ type }) => type === 'thinking'),
        )
      }),
    )
  })
})

describe('whatever a chat answers,', () => {
  test('the stream ends with the response that the whole answer is', () => {
    fc.assert(
      fc.property(answer, (given) => {
        const whole = toResponse(fromChat(), chunksOfCompletion(chatCompletionOf(given), true))
        expect(streamed(fromChat(), chatChunksOf(given)).at(-1)?.response).toEqual(whole)
        expect([textOf(whole), callsOf(whole).length]).toEqual([given.texts.join(''), given.calls.length])
      }),
    )
  })
})

/**
 * The official clients put the events together by rules of their own, and refuse what does not fit. Of a response that is
 * incomplete, the older one leaves out what it does not add up itself.
 */
describe.each([
  ['openai', OpenAI, ['end_turn', 'tool_use', 'max_tokens', 'refusal']],
  ['openai of the major before', OpenAI6 as unknown as typeof OpenAI, ['end_turn', 'tool_use']],
] as const)('%s', (_, Client, reasons) => {
  async function read(events: readonly Json[]) {
    const body = Buffer.concat(events.map((event) => writeEvent(JSON.stringify(event), String(event.type))))
    const fetch = async () => new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    const client = new Client({ apiKey: 'none', fetch, maxRetries: 0 })
    return (await client.responses.stream({ model: 'm', input: 'Hi' }).finalResponse()).output
  }

  test('makes the response of the events, whatever is in it and however it was cut', async () => {
    await fc.assert(
      fc.asyncProperty(blocks, fc.constantFrom(...reasons), async (given, reason) => {
        const events = streamed(fromAnthropic(), eventsOfBlocks(given, reason))
        const whole = events.at(-1)?.response as Json
        expect(events.map(({ sequence_number: at }) => at)).toEqual(events.map((_event, at) => at))
        expect(await read(events)).toMatchObject(listOf(whole.output))
        expect(await read(eventsOfResponse(whole))).toMatchObject(listOf(whole.output))
      }),
      { numRuns: 50 },
    )
  })

  test('adds the deltas up to what the items say in the end', async () => {
    await fc.assert(
      fc.asyncProperty(blocks, async (given) => {
        const events = streamed(fromAnthropic(), eventsOfBlocks(given, 'end_turn'))
        const response = events.at(-1)?.response
        for (const item of isJson(response) ? listOf(response.output) : []) {
          const deltas = events.filter(({ item_id: id, type }) => id === item.id && String(type).endsWith('.delta'))
          const said = deltas.map(({ delta }) => delta).join('')
          const [part] = listOf(item.content ?? item.summary)
          expect(said).toBe(item.arguments ?? part?.text ?? '')
        }
      }),
    )
  })
})

describe('a response', () => {
  const ends = (reason: string) =>
    toResponse(fromAnthropic(), eventsOfMessage(messageOfBlocks([{ type: 'text', text: 'He' }], reason)))

  test('that was cut off says so, and its last item as well', () => {
    expect(ends('max_tokens')).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output: [{ status: 'incomplete' }],
    })
    expect(ends('end_turn')).toMatchObject({
      status: 'completed',
      incomplete_details: null,
      output: [{ status: 'completed' }],
    })
  })

  test('that was refused says so, and why', () => {
    const message = {
      ...messageOfBlocks([], 'refusal'),
      stop_details: { type: 'refusal', explanation: 'Not that.' },
    }
    const whole = toResponse(fromAnthropic(), eventsOfMessage(message))
    expect(whole).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'content_filter' },
      output: [{ type: 'message', content: [{ type: 'refusal', refusal: 'Not that.' }] }],
    })
    expect(eventsOfResponse(whole).map(({ type }) => type)).toContain('response.refusal.done')
  })

  test('cites what has an address, by its place in the text', () => {
    const cited = { type: 'web_search_result_location', url: 'https://example.com/', title: 'Example' }
    const message = messageOfBlocks(
      [
        { type: 'text', text: 'One.' },
        { type: 'tool_use', id: 'toolu_1', name: 'add', input: {} },
        { type: 'text', text: 'Two, ' },
        { type: 'text', text: 'three.', citations: [cited] },
      ],
      'end_turn',
    )
    const { output } = toResponse(fromAnthropic(), eventsOfMessage(message))
    expect(listOf(output)[2]).toMatchObject({
      content: [
        {
          text: 'Two, three.',
          annotations: [
            { type: 'url_citation', start_index: 5, end_index: 11, url: 'https://example.com/', title: 'Example' },
          ],
        },
      ],
    })
  })

  test('repeats what was asked, and that nobody keeps it', () => {
    const request = { instructions: 'Be brief', temperature: 0.5, metadata: { a: 'b' }, text: { verbosity: 'low' } }
    const events = createResponseEvents({ ...HEAD, request })
    expect(toResponse(events, chatChunksOf({ thinking: '', texts: ['x'], calls: [] }))).toMatchObject({
      ...request,
      id: 'resp_x1',
      model: 'ours/model',
      store: false,
      text: { verbosity: 'low', format: { type: 'text' } },
      tools: [],
      tool_choice: 'auto',
    })
  })

  test('keeps parallel calls apart whose pieces come mixed, or under one number', () => {
    const piece = (index: number, more: Json) => ({
      choices: [{ index: 0, delta: { tool_calls: [{ index, ...more }] } }],
    })
    const say = (args: string) => ({ function: { arguments: args } })
    const mixed = [
      piece(0, { id: 'a', function: { name: 'one', arguments: '{"x":' } }),
      piece(1, { id: 'b', function: { name: 'two', arguments: '{"y":' } }),
      piece(0, say('1}')),
      piece(1, say('2}')),
      { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] },
    ]
    const allZero = [
      piece(0, { id: 'a', function: { name: 'one', arguments: '{"x":1}' } }),
      piece(0, { id: 'b', function: { name: 'two', arguments: '{"y":2}' } }),
      { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] },
    ]
    for (const chunks of [mixed, allZero])
      expect(callsOf(toResponse(fromChat(), chunks))).toEqual([
        { id: 'a', type: 'function', function: { name: 'one', arguments: '{"x":1}' } },
        { id: 'b', type: 'function', function: { name: 'two', arguments: '{"y":2}' } },
      ])
  })

  test('has the text of an answer in parts', () => {
    const content = [
      { type: 'thinking', thinking: [] },
      { type: 'text', text: 'Hello' },
    ]
    const chunks = [{ choices: [{ delta: { content } }] }, { choices: [{ delta: {}, finish_reason: 'stop' }] }]
    expect(textOf(toResponse(fromChat(), chunks))).toBe('Hello')
  })

  test('is none where the stream ended too early, or the answer is something else', () => {
    expect(() => streamed(fromAnthropic(), eventsOfBlocks([], 'end_turn').slice(0, 2))).toThrow(/half an answer/)
    expect(() => toResponse(fromChat(), [{ choices: [{ delta: { content: 'He' } }] }])).toThrow(/half an answer/)
  })

  test('ends where we cut it, as the answer that is as long as it may be', () => {
    const translator = fromAnthropic()
    const begun = eventsOfBlocks([{ type: 'text', text: 'Hello' }], 'end_turn').slice(0, 4)
    const events = [...begun.flatMap((event) => translator.push(event)), ...translator.cut()]
    expect(events.map(({ sequence_number: at }) => at)).toEqual(events.map((_event, at) => at))
    expect(events.at(-1)).toMatchObject({
      type: 'response.incomplete',
      response: { incomplete_details: { reason: 'max_output_tokens' }, output: [{ content: [{ text: 'Hel' }] }] },
    })
    expect(translator.end()).toEqual([])
  })
})
