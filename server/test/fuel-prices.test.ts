import { calcPrice } from '@pydantic/genai-prices'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { costOf, flatPrice, type Price, type TokenUsage } from '../src/models/fuel/price.ts'
import { priceOf, requirePrice } from '../src/models/fuel/prices.ts'
import { affordable, coveredTokens, promptOf, upperBound } from '../src/models/fuel/upper-bound.ts'
import type { PriceOverrideRow } from '../src/storage/price-overrides.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')
const OPENAI = { id: 'openai', kind: 'openai' }
const ANTHROPIC = { id: 'anthropic', kind: 'anthropic' }

const used = (usage: Partial<TokenUsage>): TokenUsage => ({
  input_tokens: 0,
  cached_tokens: 0,
  cache_write_tokens: 0,
  output_tokens: 0,
  reasoning_tokens: 0,
  ...usage,
})
const price = (
  provider: { id: string; kind: string; base_url?: string },
  model: string,
  overrides: PriceOverrideRow[] = [],
) => {
  const found = priceOf(provider, model, overrides, NOW)
  if (!found) throw new Error(`no price of ${model}`)
  return found
}
const override = (pattern: string, input: number, output: number, cached: number | null = null): PriceOverrideRow => ({
  pattern,
  input_nano_per_mtok: input,
  output_nano_per_mtok: output,
  cached_nano_per_mtok: cached,
  updated_at: 0,
})

describe('a call costs', () => {
  // Dollars for a million tokens, as the providers publish them, times tokens.
  test.each([
    ['gpt-4o-mini', OPENAI, { input_tokens: 1000, output_tokens: 1000 }, 750_000],
    ['gpt-4o-mini', OPENAI, { input_tokens: 1000, cached_tokens: 400, output_tokens: 0 }, 120_000],
    ['gpt-4o', OPENAI, { input_tokens: 1, output_tokens: 1 }, 12_500],
    ['gpt-5', OPENAI, { input_tokens: 1, output_tokens: 0 }, 1250],
    ['text-embedding-3-small', OPENAI, { input_tokens: 7 }, 140],
    ['claude-opus-4-1', ANTHROPIC, { input_tokens: 10, output_tokens: 10, reasoning_tokens: 4 }, 900_000],
    [
      'claude-opus-4-1',
      ANTHROPIC,
      { input_tokens: 100, cached_tokens: 50, cache_write_tokens: 30, output_tokens: 0 },
      20 * 15_000 + 50 * 1500 + 30 * 18_750,
    ],
    [
      'claude-opus-4-1',
      ANTHROPIC,
      { input_tokens: 100, cache_write_tokens: 100, cache_write_1h_tokens: 60 },
      40 * 18_750 + 60 * 30_000,
    ],
    // Beyond 200,000 tokens of input, all of it costs more.
    ['claude-sonnet-4-5', ANTHROPIC, { input_tokens: 200_000, output_tokens: 10 }, 200_000 * 3000 + 10 * 15_000],
    ['claude-sonnet-4-5', ANTHROPIC, { input_tokens: 200_001, output_tokens: 10 }, 200_001 * 6000 + 10 * 22_500],
  ] as const)('of %s', (model, provider, usage, nano) => {
    expect(costOf(used(usage), price(provider, model))).toBe(nano)
  })

  test('what the catalogue computes in dollars, for any usage', () => {
    const models = ['gpt-4o-mini', 'gpt-5', 'o3', 'gpt-4.1-nano', 'gpt-4o']
    fc.assert(
      fc.property(
        fc.constantFrom(...models.map((m) => ['openai', m] as const), ['anthropic', 'claude-sonnet-4-5'] as const),
        fc.nat(2_000_000),
        fc.nat(100),
        fc.nat(1_000_000),
        ([kind, model], input, percentCached, output) => {
          const cached = Math.floor((input * percentCached) / 100)
          const theirs = calcPrice({ input_tokens: input, cache_read_tokens: cached, output_tokens: output }, model, {
            providerId: kind,
            timestamp: new Date(NOW),
          })
          const usage = used({ input_tokens: input, cached_tokens: cached, output_tokens: output })
          const ours = costOf(usage, price({ id: kind, kind }, model))
          expect(Math.abs(ours - (theirs?.total_price ?? Number.NaN) * 1e9)).toBeLessThanOrEqual(1)
        },
      ),
    )
  })

  test('no more than one nano-dollar by rounding, and never nothing', () => {
    const cheap = flatPrice({ inputNanoPerMtok: 1, outputNanoPerMtok: 1 })
    expect(costOf(used({ input_tokens: 1 }), cheap)).toBe(1)
    expect(costOf(used({ input_tokens: 500_000, output_tokens: 500_000 }), cheap)).toBe(1)
    expect(costOf(used({}), cheap)).toBe(0)
  })

  test('exactly, where numbers would not be', () => {
    const dear = flatPrice({ inputNanoPerMtok: 1_000_000_000_001, outputNanoPerMtok: 0 })
    expect(costOf(used({ input_tokens: 1_000_000_000 }), dear)).toBe(1_000_000_000_001_000)
  })

  test('what was heard and said at the price of sound', () => {
    const spoken: Price = {
      ...flatPrice({ inputNanoPerMtok: 1e6, outputNanoPerMtok: 2e6 }),
      inputAudio: { base: 10e6, steps: [] },
      outputAudio: { base: 20e6, steps: [] },
    }
    const usage = { input_tokens: 10, input_audio_tokens: 4, output_tokens: 10, output_audio_tokens: 5 }
    expect(costOf(used(usage), spoken)).toBe(6 + 40 + 10 + 100)
  })
})

describe('a price is', () => {
  test('that of who serves the model, by kind, address, or else the maker', () => {
    const inputOf = (provider: { id: string; kind: string; base_url?: string }, model: string) =>
      priceOf(provider, model, [], NOW)?.input.base
    expect(inputOf({ id: 'a', kind: 'azure-openai' }, 'gpt-4o')).toBe(2.5e9)
    expect(inputOf({ id: 'b', kind: 'bedrock' }, 'anthropic.claude-3-5-sonnet-20241022-v2:0')).toBe(3e9)
    expect(inputOf({ id: 'v', kind: 'vertex' }, 'gemini-2.5-pro')).toBe(1.25e9)
    expect(inputOf({ id: 'c', kind: 'claude-cli' }, 'claude-opus-4-1')).toBe(15e9)
    const router = { id: 'r', kind: 'openai-compatible', base_url: 'https://openrouter.ai/api/v1' }
    expect(inputOf(router, 'openai/gpt-4o')).toBe(2.5e9)
    expect(inputOf({ id: 'o', kind: 'openai-compatible', base_url: 'http://10.0.0.1/v1' }, 'gpt-4o-mini')).toBe(0.15e9)
    // OpenAI does not serve it.
    expect(inputOf(OPENAI, 'claude-opus-4-1')).toBeUndefined()
  })

  test('not known of what nobody has heard of, which credits then cannot pay', () => {
    const unknown = priceOf(OPENAI, 'mystery-9000', [], NOW)
    expect(unknown).toBeUndefined()
    expect(() => requirePrice(unknown, 'mystery-9000')).toThrow(
      expect.objectContaining({ code: 'price_unknown', status: 400, param: 'model' }),
    )
    for (const odd of ['', '\0', '__proto__', 'x'.repeat(10_000), '../..', 'gpt-4o\r\nx'])
      expect(priceOf({ id: 'o', kind: 'openai-compatible' }, odd, [], NOW)?.input.base).toBeUndefined()
  })

  test('what the operator says: of that provider before any, the longest pattern first', () => {
    const overrides = [
      override('gpt-*', 1, 1),
      override('gpt-4o*', 2, 2),
      override('mine/gpt-*', 3, 3, 1),
      override('mystery-9000', 4, 4),
    ]
    const inputOf = (id: string, model: string) => price({ id, kind: 'openai' }, model, overrides).input.base
    expect([inputOf('openai', 'gpt-5'), inputOf('openai', 'gpt-4o-mini'), inputOf('mine', 'gpt-4o')]).toEqual([1, 2, 3])
    expect(inputOf('openai', 'mystery-9000')).toBe(4)
    expect(inputOf('openai', 'o3')).toBe(2e9)
    const mine = price({ id: 'mine', kind: 'openai' }, 'gpt-4o', overrides)
    expect(costOf(used({ input_tokens: 2_000_000, cached_tokens: 1_000_000 }), mine)).toBe(4)
  })

  test('by the clock where it changes with the hour', () => {
    const at = (time: string) =>
      priceOf(
        { id: 'd', kind: 'openai-compatible', base_url: 'https://api.deepseek.com' },
        'deepseek-chat',
        [],
        Date.parse(time),
      )
    expect(at('2025-03-01T12:00:00Z')?.input.base).toBeGreaterThan(at('2025-03-01T20:00:00Z')?.input.base ?? Infinity)
  })
})

describe('what is reserved', () => {
  const mini = price(OPENAI, 'gpt-4o-mini')
  const body = (content: unknown, more: object = {}) => ({ model: 'm', messages: [{ role: 'user', content }], ...more })

  test('covers the prompt and the whole answer', () => {
    const prompt = promptOf(body('a'.repeat(1000)), mini)
    expect(prompt.tokens).toBeGreaterThan(1000)
    expect(prompt.tokens).toBeLessThan(1200)
    expect(upperBound(prompt, 100, mini)).toBe(prompt.tokens * 150 + 100 * 600)
    expect(upperBound(promptOf(body('x', { n: 3 }), mini), 100, mini)).toBeGreaterThan(300 * 600)
    expect(promptOf(body('Ω'.repeat(500)), mini).tokens).toBeGreaterThan(1000)
  })

  test('covers pictures, files, tools, and what lies at the provider', () => {
    const tokens = (request: Record<string, unknown>) => promptOf(request, mini).tokens
    const plain = tokens(body('x'))
    const picture = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(300_000)}` } }
    expect(tokens(body([picture]))).toBeGreaterThan(48_169)
    expect(tokens(body([picture]))).toBeLessThan(50_000)
    expect(tokens(body('x', { tools: [] }))).toBeGreaterThan(plain + 1000)
    for (const request of [
      body([{ type: 'file', file: { file_id: 'f' } }]),
      body([{ type: 'document', source: { type: 'base64', data: 'AAAA' } }]),
      { model: 'm', input: 'x', previous_response_id: 'resp_1' },
      { model: 'm', input: 'x', prompt: { id: 'p' } },
    ])
      expect(tokens(request)).toBe(128_000)
    expect(tokens(body([{ type: 'document', source: { type: 'text', data: 'AAAA' } }]))).toBeLessThan(200)
    expect(tokens({ model: 'm', input: Array.from({ length: 500 }, () => 7) })).toBeGreaterThan(500)
    // No model takes more than its window.
    expect(tokens(body('a'.repeat(2_000_000)))).toBe(128_000)
  })

  test('takes nothing for a picture that the model reads as text', () => {
    const tokens = (request: Record<string, unknown>) => promptOf(request, mini).tokens
    const disguised = { type: 'image', source: 'x'.repeat(60_000), description: 'x'.repeat(60_000) }
    const schema = { type: 'object', properties: { picture: disguised } }
    for (const request of [
      body('x', { tools: [{ type: 'function', function: { name: 'f', parameters: schema } }] }),
      body('x', { functions: [{ name: 'f', parameters: schema }] }),
      body('x', { response_format: { type: 'json_schema', json_schema: { name: 'n', schema } } }),
      { model: 'm', input: 'x', text: { format: { type: 'json_schema', name: 'n', schema } } },
      body([{ type: 'tool_use', id: 't', name: 'f', input: disguised }]),
    ])
      expect(tokens(request)).toBeGreaterThan(120_000)
    // Of a picture itself, what stands beside it counts.
    const url = `data:image/png;base64,${'A'.repeat(300_000)}`
    expect(tokens(body([{ type: 'image_url', image_url: { url }, caption: 'x'.repeat(60_000) }]))).toBeGreaterThan(
      100_000,
    )
    const result = { type: 'tool_result', tool_use_id: 't', content: [{ type: 'image', source: { type: 'url', url } }] }
    expect(tokens(body([result]))).toBeLessThan(50_000)
  })

  test('is at the dearest rate that may come to pass', () => {
    const sonnet = price(ANTHROPIC, 'claude-sonnet-4-5')
    const unbounded = { ...sonnet, contextWindow: 1_000_000 }
    const long = promptOf(body('a'.repeat(300_000)), unbounded)
    expect(upperBound(long, 10, unbounded)).toBe(long.tokens * 7500 + 10 * 22_500)
    const cached = promptOf(
      body([{ type: 'text', text: 'x', cache_control: { type: 'ephemeral', ttl: '1h' } }]),
      sonnet,
    )
    expect(upperBound(cached, 0, sonnet)).toBe(cached.tokens * 6000)
  })

  test('is never less than the call costs that keeps within it', () => {
    const models = [mini, price(ANTHROPIC, 'claude-sonnet-4-5'), price(OPENAI, 'gpt-5')]
    fc.assert(
      fc.property(
        fc.constantFrom(...models),
        fc.string({ maxLength: 2000 }),
        fc.nat(5000),
        fc.nat(100),
        fc.nat(100),
        fc.nat(100),
        (of, text, maxTokens, ofPrompt, ofCache, ofAnswer) => {
          const prompt = promptOf(body(text), of)
          const input = Math.floor((prompt.tokens * ofPrompt) / 100)
          const cached = Math.floor((input * ofCache) / 100)
          const written = Math.floor(((input - cached) * ofCache) / 100)
          const output = Math.floor((maxTokens * ofAnswer) / 100)
          const usage = used({
            input_tokens: input,
            cached_tokens: cached,
            cache_write_tokens: written,
            output_tokens: output,
          })
          expect(costOf(usage, of)).toBeLessThanOrEqual(upperBound(prompt, maxTokens, of))
        },
      ),
    )
  })

  test('is what the person has at most, with as many tokens of answer as that covers', () => {
    const prompt = promptOf(body('hello'), mini)
    const all = upperBound(prompt, 4000, mini)
    expect(affordable(prompt, 4000, mini, all)).toEqual({ maxTokens: 4000, amountNano: all })
    const fewer = affordable(prompt, 4000, mini, all - 600 * 1000)
    expect(fewer).toEqual({ maxTokens: 3000, amountNano: all - 600_000 })
    expect(affordable(prompt, 4000, mini, upperBound(prompt, 15, mini))).toBeUndefined()
    expect(affordable(prompt, 4000, mini, upperBound(prompt, 16, mini))?.maxTokens).toBe(16)
    expect(affordable(prompt, 2, mini, upperBound(prompt, 2, mini))?.maxTokens).toBe(2)
    // An embedding has no answer.
    expect(affordable(prompt, 0, mini, upperBound(prompt, 0, mini))?.maxTokens).toBe(0)
    expect(affordable(prompt, 0, mini, upperBound(prompt, 0, mini) - 1)).toBeUndefined()
    expect(affordable(prompt, 4000, mini, 0)).toBeUndefined()
    fc.assert(
      fc.property(fc.nat(20_000), fc.nat(50_000_000), (asked, nano) => {
        const got = affordable(prompt, asked, mini, nano)
        if (!got) return
        expect(got.amountNano).toBeLessThanOrEqual(nano)
        expect(got.maxTokens).toBeLessThanOrEqual(asked)
        if (got.maxTokens < asked) expect(upperBound(prompt, got.maxTokens + 1, mini)).toBeGreaterThan(nano)
      }),
    )
    expect(
      coveredTokens(prompt, Number.MAX_SAFE_INTEGER, flatPrice({ inputNanoPerMtok: 0, outputNanoPerMtok: 0 })),
    ).toBe(Number.MAX_SAFE_INTEGER)
  })
})
