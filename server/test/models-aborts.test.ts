import type { Server } from 'node:http'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { broken, standingOf } from './fuel-calls.ts'
import { DATABASES, freshDatabase } from './harness.ts'
import { type ModelGateway, PRICE, startModelGateway } from './model-gateway.ts'
import { chunk, completion, sendEvent, startEvents, startModelUpstream } from './model-upstream.ts'
import { eventually, query, spawnServer } from './spawned-server.ts'

const LIMIT_MS = 200
const BODY = { model: 'gpt-5', messages: [{ role: 'user', content: 'Hi' }] }

/** A call over a socket of its own, which is let go in the middle. */
function open(url: string, apiKey: string, body: object) {
  const call = httpRequest(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    agent: false,
  })
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    call.once('response', resolve)
    call.once('error', reject)
  })
  answer.catch(() => {})
  call.end(JSON.stringify(body))
  return { answer, hangUp: () => call.destroy() }
}

/** Resolves with what was read once it holds so much. */
function readUntil(answer: IncomingMessage, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let read = ''
    answer.setEncoding('utf8').on('data', (said: string) => {
      read += said
      if (read.includes(text)) resolve(read)
    })
    answer.once('end', () => reject(new Error(`It ended without: ${read}`)))
    answer.once('error', reject)
  })
}

describe.each(DATABASES)('a caller who hangs up, on %s', (kind) => {
  let gateway: ModelGateway
  let server: Server
  let url: string
  beforeAll(async () => {
    gateway = await startModelGateway(kind)
    server = await new Promise((resolve) => {
      const listening = serve({ fetch: gateway.app.fetch, hostname: '127.0.0.1', port: 0 }, () =>
        resolve(listening as Server),
      )
    })
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(() => gateway.upstream.reset())
  afterAll(async () => {
    server?.closeAllConnections()
    server?.close()
    await gateway?.stop()
  })

  const receipts = (userId: string) =>
    gateway.deps.db.read.selectFrom('usage_record').selectAll().where('user_id', '=', userId).execute()
  const eventOf = async (userId: string) => {
    const rows = await gateway.deps.db.read.selectFrom('audit_event').selectAll().where('target', '=', userId).execute()
    return rows.filter(({ action }) => action.startsWith('model.')).map(({ detail }) => JSON.parse(detail))
  }
  /** How long the upstream's answer stayed open, at best of some tries: the machine may be busy with others. */
  async function closesWithin(tries: number, hangUpOnce: () => Promise<void>): Promise<number> {
    let best = Number.POSITIVE_INFINITY
    for (let attempt = 0; attempt < tries; attempt++) {
      await hangUpOnce()
      const started = performance.now()
      await eventually(async () => gateway.upstream.open() === 0, 5000)
      best = Math.min(best, performance.now() - started)
    }
    return best
  }

  test('in the middle of a stream: the provider is left, what was said is paid, and nothing failed', async () => {
    const ada = await gateway.caller(1000)
    gateway.upstream.answer = (_call, response) => {
      startEvents(response)
      sendEvent(response, chunk({ role: 'assistant', content: '' }))
      for (let word = 0; word < 7; word++) sendEvent(response, chunk({ content: `word${word} ` }))
    }
    const logged = gateway.logged.length
    const tries = 6
    const best = await closesWithin(tries, async () => {
      const { answer, hangUp } = open(url, ada.apiKey, { ...BODY, stream: true, max_tokens: 500 })
      await readUntil(await answer, 'word6')
      hangUp()
    })
    expect(best).toBeLessThan(LIMIT_MS)
    expect(gateway.upstream.closed).toBe(tries)

    await eventually(async () => (await receipts(ada.id)).length === tries, 2000)
    for (const receipt of await receipts(ada.id)) {
      expect(receipt).toMatchObject({ status: 'client_closed', estimated: 1, provider: 'acme', output_tokens: 7 })
      expect(receipt.input_tokens).toBeGreaterThan(0)
      // 100 dollars a million for what came, and no more than the prompt beside it.
      expect(receipt.cost_nano).toBe(receipt.input_tokens * 10_000 + 7 * 100_000)
    }
    const standing = await standingOf(gateway.deps, ada.id)
    expect(broken(standing)).toEqual([])
    expect(standing).toMatchObject({ reserved: 0, reservations: 0 })
    expect(await eventOf(ada.id)).toHaveLength(tries)
    expect((await eventOf(ada.id))[0]).toMatchObject({ status: 'client_closed', output_tokens: 7 })
    expect(gateway.logged.slice(logged).filter((line) => /"level":"(warn|error)"/.test(line))).toEqual([])

    gateway.upstream.reset()
    expect((await ada.chat()).headers.get('x-auth-agent-provider')).toBe('acme')
  })

  test('whose prompt the provider has told: it is paid as told', async () => {
    const ada = await gateway.caller(1000)
    await gateway.addProvider({
      id: 'claude',
      kind: 'anthropic',
      base_url: gateway.upstream.origin,
      models: [{ id: 'sonnet', price: PRICE }],
    })
    gateway.upstream.answer = (_call, response) => {
      startEvents(response)
      const usage = { input_tokens: 321, output_tokens: 1 }
      sendEvent(response, { type: 'message_start', message: { id: 'msg_1', role: 'assistant', model: 'x', usage } })
      sendEvent(response, { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } })
      for (const text of ['a', 'b', 'c', 'last'])
        sendEvent(response, { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })
    }
    const { answer, hangUp } = open(url, ada.apiKey, { ...BODY, model: 'claude/sonnet', stream: true })
    await readUntil(await answer, 'last')
    hangUp()
    await eventually(async () => (await receipts(ada.id)).length === 1, 2000)
    expect(await receipts(ada.id)).toMatchObject([
      { status: 'client_closed', estimated: 1, input_tokens: 321, output_tokens: 4 },
    ])
  })

  test('while nothing was said yet: the provider is left, it costs nothing and is no failure', async () => {
    const ada = await gateway.caller(1000)
    gateway.upstream.answer = () => {}
    const logged = gateway.logged.length
    for (const stream of [false, true]) {
      const before = gateway.upstream.closed
      const best = await closesWithin(6, async () => {
        const seen = gateway.upstream.seen.length
        const { hangUp } = open(url, ada.apiKey, { ...BODY, stream })
        await eventually(async () => gateway.upstream.seen.length > seen, 5000)
        hangUp()
      })
      expect(best).toBeLessThan(LIMIT_MS)
      expect(gateway.upstream.closed - before).toBe(6)
    }
    await eventually(async () => (await receipts(ada.id)).length === 12, 2000)
    expect(new Set((await receipts(ada.id)).map(({ status, cost_nano }) => `${status} ${cost_nano}`))).toEqual(
      new Set(['client_closed 0']),
    )
    expect(await standingOf(gateway.deps, ada.id)).toMatchObject({ reserved: 0, reservations: 0, charges: 0 })
    expect(await eventOf(ada.id)).toHaveLength(12)
    expect(gateway.logged.slice(logged).filter((line) => /"level":"(warn|error)"/.test(line))).toEqual([])
    gateway.upstream.reset()
    expect((await ada.chat()).status).toBe(200)
  })

  test.each([
    ['in one piece', false],
    ['by a stream that nobody asked for', true],
  ])('while the provider is answering, %s: the answer is read to its end, and paid', async (_how, streams) => {
    const ada = await gateway.caller(1000)
    let goOn = () => {}
    const isGone = new Promise<void>((resolve) => {
      goOn = resolve
    })
    const usage = { prompt_tokens: 700, completion_tokens: 50, total_tokens: 750 }
    gateway.upstream.answer = async (_call, response) => {
      if (streams) startEvents(response)
      else response.writeHead(200, { 'content-type': 'application/json' })
      if (streams) sendEvent(response, chunk({ role: 'assistant', content: 'Hel' }))
      const whole = JSON.stringify(completion('Hello', { usage }))
      if (!streams) response.write(whole.slice(0, 20))
      await isGone
      if (!streams) return void response.end(whole.slice(20))
      sendEvent(response, chunk({ content: 'lo' }, 'stop'))
      sendEvent(response, chunk({}, null, { choices: [], usage }))
      response.end('data: [DONE]\n\n')
    }
    const [seen, closed] = [gateway.upstream.seen.length, gateway.upstream.closed]
    const { hangUp } = open(url, ada.apiKey, BODY)
    await eventually(async () => gateway.upstream.seen.length > seen, 5000)
    // The head is on its way to us, and we have no sign of it: long enough on any machine.
    await new Promise((resolve) => setTimeout(resolve, 300))
    hangUp()
    await new Promise((resolve) => setTimeout(resolve, 300))
    goOn()
    await eventually(async () => (await receipts(ada.id)).length === 1, 5000)
    expect(await receipts(ada.id)).toMatchObject([
      {
        status: 'completed',
        estimated: 0,
        input_tokens: 700,
        output_tokens: 50,
        cost_nano: 700 * 10_000 + 50 * 100_000,
      },
    ])
    expect(gateway.upstream.closed).toBe(closed)
    const standing = await standingOf(gateway.deps, ada.id)
    expect([broken(standing), standing.reserved]).toEqual([[], 0])
  })

  test('once the provider has answered: the answer is paid', async () => {
    const ada = await gateway.caller(1000)
    const { answer, hangUp } = open(url, ada.apiKey, BODY)
    ;(await answer).pause()
    hangUp()
    await eventually(async () => (await receipts(ada.id)).length === 1, 2000)
    expect(await receipts(ada.id)).toMatchObject([{ status: 'completed', input_tokens: 12, output_tokens: 3 }])
    expect(await ada.credits()).toBe(999.958)
  })
})

// It is mostly waited for: on both at once.
describe.concurrent.each(DATABASES)('a server that is told to stop, on %s', (kind) => {
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let upstream: Awaited<ReturnType<typeof startModelUpstream>>
  beforeAll(async () => {
    database = await freshDatabase(kind)
    upstream = await startModelUpstream()
  })
  afterAll(async () => {
    await upstream?.stop()
    await database?.drop()
  })

  test('lets calls come to their end, and pays for those that it has to cut off', async () => {
    const server = await spawnServer(database.url, { EGRESS_ALLOW: '127.0.0.1' })
    const made = async (path: string, body: object) => (await server.admin('POST', path, body)).body
    await made('/model-providers', {
      id: 'acme',
      kind: 'openai',
      base_url: `${upstream.origin}/v1`,
      models: [{ id: 'gpt-5', price: PRICE }],
    })
    const user = await made('/users', { email: 'ada@drain.example', name: 'Ada' })
    await made(`/users/${user.id}/credits`, { amount_cents: 1000, reason: 'test' })
    const { api_key } = await made('/api-keys', { user_id: user.id, name: 'k', scopes: ['agent-fuel'] })

    let goOn = () => {}
    upstream.answer = async ({ body }, response) => {
      startEvents(response)
      sendEvent(response, chunk({ content: 'begun ' }))
      if (body.max_tokens === 99) return
      await new Promise<void>((resolve) => {
        goOn = resolve
      })
      sendEvent(response, chunk({ content: 'and done' }))
      sendEvent(response, chunk({}, 'stop'))
      response.end('data: [DONE]\n\n')
    }
    const short = await open(server.url, api_key, { ...BODY, stream: true }).answer
    const whole = readUntil(short, '[DONE]')
    const endless = await open(server.url, api_key, { ...BODY, stream: true, max_tokens: 99 }).answer
    endless.once('error', () => {})
    await readUntil(endless, 'begun')
    await eventually(async () => upstream.seen.length === 2, 5000)

    const stopped = server.stop()
    await eventually(async () => server.stdout().includes('draining'), 5000)
    goOn()
    expect(await whole).toContain('and done')
    expect((await stopped).code).toBe(0)
    await eventually(async () => upstream.open() === 0, 5000)
    const rows = await query(
      database.url,
      'select status, output_tokens, estimated from usage_record order by usage_id',
    )
    expect(rows.map(({ status, output_tokens }) => [status, Number(output_tokens)])).toEqual([
      ['completed', 2],
      ['client_closed', 1],
    ])
    expect(await query(database.url, 'select * from reservation')).toEqual([])
    const [balance] = await query(database.url, 'select reserved_nano from balance')
    expect(Number(balance.reserved_nano)).toBe(0)
    expect(server.stdout()).not.toMatch(/"level":"(error|fatal)"/)
  }, 60_000)
})
