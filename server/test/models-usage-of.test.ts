import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createUsageMeter, type MeteredOperation, tellsUsage, usageOf } from '../src/models/usage-of.ts'

const counts = (input: number, cached: number, written: number, output: number, reasoning: number) => ({
  inputTokens: input,
  cachedInputTokens: cached,
  cacheWriteTokens: written,
  outputTokens: output,
  reasoningTokens: reasoning,
})

describe('the usage in an answer', () => {
  test.each<[string, MeteredOperation, object, object]>([
    [
      'of chat',
      'chat',
      {
        prompt_tokens: 10,
        completion_tokens: 5,
        prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 },
        completion_tokens_details: { reasoning_tokens: 3 },
      },
      counts(10, 4, 2, 5, 3),
    ],
    ['of chat without details', 'chat', { prompt_tokens: 10, completion_tokens: 5 }, counts(10, 0, 0, 5, 0)],
    [
      'of DeepSeek',
      'chat',
      { prompt_tokens: 10, completion_tokens: 5, prompt_cache_hit_tokens: 6 },
      counts(10, 6, 0, 5, 0),
    ],
    [
      'of who counts the cache beside the prompt',
      'chat',
      { prompt_tokens: 3, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 100 } },
      counts(103, 100, 0, 5, 0),
    ],
    ['of embeddings', 'embeddings', { prompt_tokens: 8, total_tokens: 8 }, counts(8, 0, 0, 0, 0)],
    [
      'of responses',
      'responses',
      {
        input_tokens: 10,
        output_tokens: 5,
        input_tokens_details: { cached_tokens: 4 },
        output_tokens_details: { reasoning_tokens: 3 },
      },
      counts(10, 4, 0, 5, 3),
    ],
    [
      'of Anthropic',
      'messages',
      {
        input_tokens: 10,
        cache_read_input_tokens: 4,
        cache_creation_input_tokens: 2,
        output_tokens: 5,
        output_tokens_details: { thinking_tokens: 3 },
      },
      counts(16, 4, 2, 5, 3),
    ],
    [
      'of Anthropic, with null for nothing',
      'messages',
      { input_tokens: 10, cache_read_input_tokens: null, cache_creation_input_tokens: null, output_tokens: 5 },
      counts(10, 0, 0, 5, 0),
    ],
    [
      'of Anthropic, which shortened the conversation first',
      'messages',
      {
        input_tokens: 10,
        output_tokens: 5,
        iterations: [
          { type: 'compaction', input_tokens: 100, output_tokens: 20 },
          { type: 'message', input_tokens: 10, output_tokens: 5 },
          { type: 'advisor_message', input_tokens: 7, output_tokens: 7 },
        ],
      },
      counts(110, 0, 0, 25, 0),
    ],
    [
      'of Anthropic, where another model answered',
      'messages',
      {
        input_tokens: 10,
        output_tokens: 5,
        iterations: [
          { type: 'message', input_tokens: 10, output_tokens: 0 },
          { type: 'fallback_message', input_tokens: 10, output_tokens: 5 },
        ],
      },
      counts(10, 0, 0, 5, 0),
    ],
    ['that is no number', 'chat', { prompt_tokens: '10', completion_tokens: -5 }, counts(0, 0, 0, 0, 0)],
  ])('%s', (_, operation, usage, expected) => {
    expect(usageOf(operation, { usage })).toEqual(expected)
  })

  test.each([undefined, null, 'text', [], {}, { usage: null }, { usage: 'many' }])('is not told by %j', (answer) => {
    expect(usageOf('chat', answer)).toBeUndefined()
  })

  test('is never less than nothing, nor a part more than its whole', () => {
    const number = fc.oneof(fc.integer(), fc.double(), fc.string(), fc.constant(null))
    const details = fc.record({ cached_tokens: number, cache_write_tokens: number, reasoning_tokens: number })
    const body = fc.record({
      prompt_tokens: number,
      completion_tokens: number,
      prompt_tokens_details: details,
      completion_tokens_details: details,
    })
    fc.assert(
      fc.property(body, (usage) => {
        const read = usageOf('chat', { usage })
        expect(Object.values(read ?? {}).every((count) => Number.isSafeInteger(count) && count >= 0)).toBe(true)
        expect(read && read.cachedInputTokens + read.cacheWriteTokens <= read.inputTokens).toBe(true)
        expect(read && read.reasoningTokens <= read.outputTokens).toBe(true)
      }),
    )
  })
})

describe('the usage in a stream', () => {
  const meterOf = (operation: MeteredOperation, ...events: unknown[]) => {
    const meter = createUsageMeter(operation)
    for (const event of events) meter.push(event)
    return meter.read()
  }
  const start = {
    type: 'message_start',
    message: { usage: { input_tokens: 10, cache_read_input_tokens: 4, output_tokens: 8 } },
  }

  test('of chat: the last that was told', () => {
    const chunk = (completion: number) => ({ choices: [], usage: { prompt_tokens: 3, completion_tokens: completion } })
    expect(meterOf('chat', { choices: [], usage: null }, chunk(1), chunk(7), { choices: [] })).toEqual({
      usage: counts(3, 0, 0, 7, 0),
      isFinal: true,
    })
    expect(meterOf('chat', { choices: [] })).toBeUndefined()
  })

  test('of responses: in the response that is complete', () => {
    const done = { type: 'response.completed', response: { usage: { input_tokens: 3, output_tokens: 4 } } }
    expect(meterOf('responses', { type: 'response.created', response: { usage: null } }, done)).toEqual({
      usage: counts(3, 0, 0, 4, 0),
      isFinal: true,
    })
  })

  test('of Anthropic: the prompt at once, what was generated when it is told, the placeholder never', () => {
    expect(meterOf('messages', start)).toEqual({ usage: counts(14, 4, 0, 0, 0), isFinal: false })
    const delta = { type: 'message_delta', usage: { input_tokens: null, output_tokens: 42 } }
    expect(meterOf('messages', start, { type: 'ping' }, delta)).toEqual({
      usage: counts(14, 4, 0, 42, 0),
      isFinal: true,
    })
    expect(meterOf('messages', { type: 'ping' })).toBeUndefined()
  })

  test('need be looked for only in events that speak of it', () => {
    expect(tellsUsage(JSON.stringify(start))).toBe(true)
    expect(tellsUsage('{"choices":[{"delta":{"content":"hello"}}]}')).toBe(false)
  })
})
