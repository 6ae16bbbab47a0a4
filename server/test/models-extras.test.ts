import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { costOf } from '../src/models/fuel/price.ts'
import { priceOf } from '../src/models/fuel/prices.ts'
import { promptOf, upperBound } from '../src/models/fuel/upper-bound.ts'
import { meteredAnswer } from '../src/models/meter.ts'
import { broken, standingOf } from './fuel-calls.ts'
import { DATABASES } from './harness.ts'
import { type ModelGateway, PRICE, startModelGateway } from './model-gateway.ts'
import { completion, sendJson } from './model-upstream.ts'

const HI = [{ role: 'user', content: 'Hi' }]
const tool = (type: unknown, more: object = {}) => ({
  tools: [
    { type: 'function', name: 'f' },
    { type, ...more },
  ],
})

/** Path, what is asked for, and what of it is named. */
const REFUSED: [string, object, string][] = [
  ['/v1/chat/completions', { web_search_options: {} }, 'web_search_options'],
  ['/v1/chat/completions', { service_tier: 'priority' }, 'service_tier'],
  ['/v1/chat/completions', { service_tier: 'scale' }, 'service_tier'],
  ['/v1/chat/completions', { service_tier: 'of-tomorrow' }, 'service_tier'],
  ['/v1/chat/completions', { service_tier: ['default'] }, 'service_tier'],
  ['/v1/chat/completions', tool('web_search'), 'tools[1].type'],
  ['/v1/chat/completions', tool('toString'), 'tools[1].type'],
  ['/v1/chat/completions', tool(null), 'tools[1].type'],
  ['/v1/chat/completions', tool(['function']), 'tools[1].type'],
  ['/v1/chat/completions', { modalities: ['text', 'image'] }, 'modalities'],
  ['/v1/chat/completions', { models: ['dear/one'] }, 'models'],
  ['/v1/chat/completions', { fallbacks: ['dear/one'] }, 'fallbacks'],
  ['/v1/chat/completions', { plugins: [{ id: 'web' }] }, 'plugins'],
  ['/v1/chat/completions', { search_parameters: { mode: 'on' } }, 'search_parameters'],
  ...[
    'web_search',
    'web_search_preview',
    'web_search_2025_08_26',
    'file_search',
    'code_interpreter',
    'image_generation',
    'computer_use_preview',
    'mcp',
    'of_tomorrow',
  ].map((type): [string, object, string] => ['/v1/responses', tool(type), 'tools[1].type']),
  ['/v1/responses', { service_tier: 'priority' }, 'service_tier'],
  [
    '/v1/responses',
    { input: [{ type: 'additional_tools', tools: [{ type: 'web_search' }] }] },
    'input[0].tools[0].type',
  ],
  ['/v1/responses', { prompt: { id: 'pmpt_1' } }, 'prompt'],
  ...[
    'web_search_20250305',
    'web_fetch_20250910',
    'code_execution_20250825',
    'tool_search_tool_regex_20251119',
    'mcp_toolset',
    'bash_20250124x',
  ].map((type): [string, object, string] => ['/v1/messages', tool(type), 'tools[0].type']),
  ['/v1/messages', { speed: 'fast' }, 'speed'],
  ['/v1/messages', { inference_geo: 'us' }, 'inference_geo'],
  ['/v1/messages', { service_tier: 'priority' }, 'service_tier'],
  ['/v1/messages', { mcp_servers: [{ type: 'url', url: 'https://x.example' }] }, 'mcp_servers'],
  ['/v1/messages', { container: 'container_1' }, 'container'],
  ['/v1/messages', { fallbacks: [{ model: 'dear' }] }, 'fallbacks'],
  ['/v1/messages', { context_management: { edits: [{ type: 'compact_20260112' }] } }, 'context_management'],
]

const HARMLESS: [string, object][] = [
  ['/v1/chat/completions', { service_tier: 'auto', tools: [], modalities: ['text'] }],
  ['/v1/chat/completions', { service_tier: 'flex', web_search_options: null, models: [] }],
  ['/v1/chat/completions', { tools: [{ type: 'function', function: { name: 'f' } }, { type: 'custom' }] }],
  ['/v1/responses', { service_tier: 'default', tools: [{ type: 'function', name: 'f' }, { type: 'local_shell' }] }],
  ['/v1/messages', { service_tier: 'auto', speed: 'standard', inference_geo: 'global', mcp_servers: [] }],
  [
    '/v1/messages',
    { service_tier: 'standard_only', tools: [{ name: 'f', input_schema: {} }, { type: 'bash_20250124' }] },
  ],
  ['/v1/messages', { context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] } }],
]

describe.each(DATABASES)('what costs extra, on %s', (kind) => {
  let gateway: ModelGateway
  let ada: Awaited<ReturnType<ModelGateway['member']>>
  beforeAll(async () => {
    gateway = await startModelGateway(kind)
    const { origin } = gateway.upstream
    await gateway.addProvider({
      id: 'claude',
      kind: 'anthropic',
      base_url: origin,
      models: [{ id: 'sonnet', price: PRICE }, { id: 'claude-sonnet-4-5' }],
    })
    await gateway.addProvider({
      id: 'real',
      kind: 'openai',
      base_url: `${origin}/v1`,
      models: [{ id: 'gpt-4o*' }, { id: 'gpt-5-search-api' }],
    })
    ada = await gateway.member(100_000)
  })
  afterEach(() => gateway.upstream.reset())
  afterAll(() => gateway?.stop())

  const answering = () => {
    gateway.upstream.answer = ({ path }, response) =>
      sendJson(
        response,
        200,
        path === '/v1/messages'
          ? {
              id: 'msg_1',
              type: 'message',
              role: 'assistant',
              content: [],
              model: 'x',
              usage: { input_tokens: 1, output_tokens: 1 },
            }
          : path.endsWith('/responses')
            ? { id: 'resp_1', object: 'response', output: [], usage: { input_tokens: 1, output_tokens: 1 } }
            : completion('Hi'),
      )
  }
  const bodyOf = (path: string, more: object) => ({
    model: path === '/v1/messages' ? 'claude/claude-sonnet-4-5' : 'real/gpt-4o',
    ...(path === '/v1/responses' ? { input: 'Hi' } : { messages: HI }),
    ...(path === '/v1/messages' && { max_tokens: 20 }),
    ...more,
  })
  const send = (path: string, more: object) => {
    const body = bodyOf(path, more) as { tools?: object[] }
    // Anthropic knows no tool of the type function.
    if (path === '/v1/messages' && body.tools?.length === 2) body.tools = body.tools.slice(body.tools.length - 1)
    return ada.call(
      path,
      path === '/v1/messages' && 'tools' in more && HARMLESS.some(([, one]) => one === more)
        ? bodyOf(path, more)
        : body,
    )
  }

  test.each(REFUSED)('is not paid with credits: %s %j', async (path, more, param) => {
    const { status, body } = await send(path, more)
    const { error } = body
    if (path === '/v1/messages') expect([status, error.type]).toEqual([400, 'invalid_request_error'])
    else expect([status, error.code, error.param]).toEqual([400, 'price_unknown', param])
    expect(error.message).toMatch(/credits cannot pay for it: leave it out, or use your own key/)
    expect(gateway.upstream.seen).toEqual([])
  })

  test.each(HARMLESS)('is not what costs nothing more: %s %j', async (path, more) => {
    answering()
    const { status, text } = await send(path, more)
    expect([status, text]).toEqual([200, expect.any(String)])
    expect(gateway.upstream.seen[0]?.body).toMatchObject(JSON.parse(JSON.stringify(more)))
  })

  test('is no dearer service where the operator says what the model costs', async () => {
    answering()
    for (const [path, model, more] of [
      ['/v1/chat/completions', 'acme/gpt-5', { service_tier: 'priority', provider: { order: ['fast'] } }],
      ['/v1/responses', 'acme/gpt-5', { service_tier: 'scale' }],
      ['/v1/messages', 'claude/sonnet', { speed: 'fast', inference_geo: 'us' }],
    ] as const) {
      const { status } = await ada.call(path, bodyOf(path, { ...more, model }))
      expect([path, status]).toEqual([path, 200])
      expect(gateway.upstream.seen.at(-1)?.body).toMatchObject(more)
    }
    // What it says holds for the model that was named, and for what is paid by tokens.
    for (const more of [{ models: ['dear/one'] }, { web_search_options: {} }])
      expect((await ada.chat({ model: 'acme/gpt-5', ...more })).status).toBe(400)
  })

  test('is a model that searches by itself, unless the operator says what it costs', async () => {
    for (const model of [
      'real/gpt-4o-search-preview',
      'real/gpt-4o-mini-search-preview-2025-03-11',
      'real/gpt-5-search-api',
    ]) {
      const { status, body } = await ada.chat({ model })
      expect([model, status, body.error.code]).toEqual([model, 400, 'price_unknown'])
    }
    expect(gateway.upstream.seen).toEqual([])
    expect((await ada.chat({ model: 'real/gpt-4o' })).status).toBe(200)
    const price = { input_per_mtok: 100, output_per_mtok: 100 }
    await gateway.admin('PUT', `/model-prices/${encodeURIComponent('real/gpt-5-search-api')}`, price)
    expect((await ada.chat({ model: 'real/gpt-5-search-api' })).status).toBe(200)
  })

  test('is sound that has no price of its own', async () => {
    const sound = { role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }] }
    for (const [more, param] of [
      [{ modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'wav' } }, 'modalities'],
      [{ messages: [sound] }, 'messages'],
    ] as const) {
      const { status, body } = await ada.chat({ model: 'real/gpt-4o-audio-preview', ...more })
      expect([status, body.error.code, body.error.param]).toEqual([400, 'price_unknown', param])
      expect((await ada.chat({ model: 'acme/gpt-5', ...more })).status).toBe(200)
    }
  })

  test('is the caller’s own affair on their own key', async () => {
    const eve = await gateway.member(0)
    await eve.window.send('PUT', '/api/payment-method', { payment_method: 'byok' })
    for (const id of ['acme', 'claude', 'real'])
      await eve.window.send('PUT', `/api/provider-keys/${id}`, { api_key: 'sk-of-eve-0123456789' })
    answering()
    for (const [path, more] of REFUSED) {
      if (path === '/v1/messages' && 'tools' in more) continue
      expect([more, (await eve.call(path, bodyOf(path, more))).status]).toEqual([more, 200])
      expect(gateway.upstream.seen.at(-1)?.body).toMatchObject(more)
    }
  })

  test('is paid for where a provider did it all the same, and a price is known', async () => {
    const usage = { input_tokens: 1000, output_tokens: 10, server_tool_use: { web_search_requests: 3 } }
    gateway.upstream.answer = (_call, response) =>
      sendJson(response, 200, { id: 'msg_1', type: 'message', role: 'assistant', content: [], model: 'x', usage })
    const answer = await ada.call('/v1/messages', bodyOf('/v1/messages', { model: 'claude/claude-sonnet-4-5' }))
    // 3 and 15 dollars a million, and ten dollars a thousand.
    const cents = (1000 * 3 + 10 * 15) / 10_000 + 3
    expect(Number(answer.headers.get('x-auth-agent-cost-cents'))).toBeCloseTo(cents, 9)
    expect(broken(await standingOf(gateway.deps, ada.id))).toEqual([])
  })
})

describe('a price', () => {
  const most = { input: 0, output: 0 }
  const found = (kind: string, model: string, base_url?: string) => priceOf({ id: kind, kind, base_url }, model, [], 0)

  test('is of each call too, where the catalogue says so', () => {
    const price = found('openai-compatible', 'sonar', 'https://api.perplexity.ai')
    if (!price) throw new Error('the catalogue knows no sonar')
    expect(price.request).toBeGreaterThan(0)
    const { usage } = meteredAnswer('chat', { usage: { prompt_tokens: 0, completion_tokens: 0 } }, most)
    expect(costOf(usage, price)).toBe(price.request / 1000)
    expect(upperBound(promptOf({}, price), 0, price)).toBeGreaterThanOrEqual(price.request / 1000)
  })

  test('is not known where something is priced that is not counted here', () => {
    expect(found('vertex', 'gemini-2.5-flash-image')).toBeUndefined()
    expect(found('openai-compatible', 'sonar-deep-research', 'https://api.perplexity.ai')).toBeUndefined()
  })

  test('is that of sound for sound, and of an hour for what is kept for one', () => {
    const audio = found('openai', 'gpt-audio')
    if (!audio?.outputAudio) throw new Error('the catalogue knows no sound of gpt-audio')
    const heard = meteredAnswer(
      'chat',
      {
        usage: {
          prompt_tokens: 100,
          completion_tokens: 100,
          prompt_tokens_details: { audio_tokens: 60 },
          completion_tokens_details: { audio_tokens: 90 },
        },
      },
      most,
    )
    expect(heard.usage).toMatchObject({ input_audio_tokens: 60, output_audio_tokens: 90 })
    const silent = { ...heard.usage, input_audio_tokens: 0, output_audio_tokens: 0 }
    expect(costOf(heard.usage, audio)).toBeGreaterThan(4 * costOf(silent, audio))
    const body = { modalities: ['text', 'audio'], messages: [{ content: 'x'.repeat(100) }] }
    expect(upperBound(promptOf(body, audio), 100, audio)).toBeGreaterThanOrEqual(100 * (audio.outputAudio.base / 1e6))

    const claude = found('anthropic', 'claude-opus-4-1')
    if (!claude) throw new Error('the catalogue knows no claude-opus-4-1')
    const cache_creation = { ephemeral_5m_input_tokens: 40, ephemeral_1h_input_tokens: 60 }
    const kept = { input_tokens: 0, cache_creation_input_tokens: 100, cache_creation, output_tokens: 0 }
    expect(costOf(meteredAnswer('messages', { usage: kept }, most).usage, claude)).toBe(40 * 18_750 + 60 * 30_000)
  })
})
