import type { ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { DATABASES } from './harness.ts'
import { type ModelGateway, PRICE, startModelGateway } from './model-gateway.ts'
import {
  chunk,
  type ModelUpstream,
  says,
  sendEvent,
  sendJson,
  startEvents,
  startModelUpstream,
} from './model-upstream.ts'
import { eventually, runProgram } from './spawned-server.ts'

type Caller = Awaited<ReturnType<ModelGateway['caller']>>

const fails =
  (status: number, headers: object = {}) =>
  (_call: unknown, response: ServerResponse) =>
    sendJson(response, status, { error: { message: 'not now', code: 'x' } }, headers)

describe.each(DATABASES)('who answers a call, on %s', (kind) => {
  let gateway: ModelGateway
  let backup: ModelUpstream
  let ada: Caller
  let pairs = 0
  beforeAll(async () => {
    gateway = await startModelGateway(kind)
    backup = await startModelUpstream()
    ada = await gateway.caller(1_000_000)
  })
  afterEach(() => {
    gateway.upstream.reset()
    backup.reset()
  })
  afterAll(async () => {
    await backup?.stop()
    await gateway?.stop()
  })

  const one = (id: string, upstream: ModelUpstream, more: object = {}) =>
    gateway.addProvider({
      id,
      kind: 'openai-compatible',
      base_url: `${upstream.origin}/v1`,
      models: [{ id: 'm', upstream_model: id, price: PRICE }],
      ...more,
    })

  /** A provider that nobody has called yet, and one that answers in its place. */
  async function pair(more: object = {}) {
    const id = `first${pairs++}`
    await one(`${id}-backup`, backup)
    await one(id, gateway.upstream, { fallback: [`${id}-backup/m`], ...more })
    return `${id}/m`
  }
  const seen = () => [gateway.upstream.seen.length, backup.seen.length]
  const lastEvent = async () => {
    const { data } = (await gateway.admin('GET', '/audit-log?action=model.called&limit=200')).body
    return data[0]
  }
  const eventsOf = async () =>
    (await gateway.deps.db.read.selectFrom('audit_event').select('seq').where('action', '=', 'model.called').execute())
      .length

  describe('by name:', () => {
    const serves = async (model: string) => {
      const { status, headers } = await ada.chat({ model })
      const asked = [...gateway.upstream.seen, ...backup.seen].at(-1)?.body.model
      gateway.upstream.reset()
      backup.reset()
      return status === 200 ? [headers.get('x-auth-agent-provider'), asked] : status
    }

    test('the first enabled provider that lists it, then the longest beginning; `provider/model` means one alone', async () => {
      const models = (...ids: string[]) => ids.map((id) => ({ id, price: PRICE }))
      await one('one', gateway.upstream, { models: models('shared', 'wide-*') })
      await one('two', backup, { models: models('shared', 'wide-narrow-*', 'own') })
      expect(await serves('shared')).toEqual(['one', 'shared'])
      expect(await serves('two/shared')).toEqual(['two', 'shared'])
      expect(await serves('wide-open')).toEqual(['one', 'wide-open'])
      expect(await serves('wide-narrow-1')).toEqual(['two', 'wide-narrow-1'])
      expect(await serves('one/wide-narrow-1')).toEqual(['one', 'wide-narrow-1'])
      expect(await serves('own')).toEqual(['two', 'own'])
      for (const nobody of ['nobody', 'wide', 'one/own', 'three/shared', 'ONE/shared', '__proto__', 'constructor/m'])
        expect([nobody, await serves(nobody)]).toEqual([nobody, 404])

      const { body } = await gateway.admin('GET', '/model-providers/one')
      await gateway.admin('PUT', '/model-providers/one', { ...body, enabled: false })
      expect(await serves('shared')).toEqual(['two', 'shared'])
      expect(await serves('one/shared')).toBe(404)
      await gateway.admin('PUT', '/model-providers/one', { ...body, enabled: true })
      expect(await serves('shared')).toEqual(['one', 'shared'])
    })

    test('an unknown name reaches nobody', async () => {
      const answer = await ada.chat({ model: 'gpt-unknown' })
      expect([answer.status, answer.body.error.code, answer.body.error.param]).toEqual([
        404,
        'model_not_found',
        'model',
      ])
      expect(seen()).toEqual([0, 0])
    })

    test('what is switched serves the next call, and not one that is under way', async () => {
      await one('switched', gateway.upstream)
      let goOn = () => {}
      gateway.upstream.answer = async (_call, response) => {
        startEvents(response)
        sendEvent(response, chunk({ content: 'old ' }))
        await new Promise<void>((resolve) => {
          goOn = resolve
        })
        sendEvent(response, chunk({ content: 'still old' }))
        sendEvent(response, chunk({}, 'stop'))
        response.end('data: [DONE]\n\n')
      }
      const running = ada.chat({ model: 'switched/m', stream: true })
      await expect.poll(() => gateway.upstream.seen.length).toBe(1)
      const { body } = await gateway.admin('GET', '/model-providers/switched')
      const { status } = await gateway.admin('PUT', '/model-providers/switched', {
        ...body,
        base_url: `${backup.origin}/v1`,
        models: [{ id: 'm', upstream_model: 'new', price: PRICE }],
      })
      expect(status).toBe(200)
      expect((await ada.chat({ model: 'switched/m' })).status).toBe(200)
      expect(backup.seen.map((call) => call.body.model)).toEqual(['new'])
      goOn()
      expect((await running).text).toContain('still old')
    })

    test('settings that could not serve are refused, and what stood before goes on', async () => {
      await one('kept', gateway.upstream)
      const { body } = await gateway.admin('GET', '/model-providers/kept')
      const bad = [
        { ...body, base_url: 'https://10.0.0.1/v1' },
        { ...body, base_url: 'http://169.254.169.254/v1' },
        { ...body, base_url: 'nowhere' },
        { ...body, models: [] },
        { ...body, models: [{ id: 'm' }, { id: 'm' }] },
        { ...body, kind: 'azure-openai', base_url: undefined },
        { ...body, kind: 'claude-cli', command: '/nowhere/claude' },
        { ...body, kind: 'droid', command: '/nowhere/droid' },
        { ...body, fallback: ['no-slash'] },
      ]
      for (const change of bad)
        expect([change, (await gateway.admin('PUT', '/model-providers/kept', change)).status]).toEqual([change, 422])
      expect((await gateway.admin('GET', '/model-providers/kept')).body).toEqual(body)
      expect((await ada.chat({ model: 'kept/m' })).status).toBe(200)
    })

    test('one provider that cannot be started any more takes no other with it', async () => {
      await one('broken', gateway.upstream)
      await gateway.deps.db.write(({ trx }) =>
        trx
          .updateTable('model_provider')
          .set({ kind: 'droid', settings: JSON.stringify({ models: [{ id: 'm' }], command: '/gone' }) })
          .where('provider_id', '=', 'broken')
          .execute(),
      )
      await one('whole', gateway.upstream)
      expect((await ada.chat({ model: 'whole/m' })).status).toBe(200)
      expect((await ada.chat({ model: 'broken/m' })).status).toBe(404)
      await gateway.admin('DELETE', '/model-providers/broken')
    })
  })

  describe('when the first cannot:', () => {
    test.each([500, 502, 503, 504, 529])('another does after %i, and one event tells of both', async (status) => {
      const model = await pair()
      gateway.upstream.answer = fails(status)
      const before = await eventsOf()
      for (const stream of [false, true]) {
        const answer = await ada.chat({ model, stream })
        expect(answer.status).toBe(200)
        expect(answer.text).toContain('Hello')
        expect(answer.headers.get('x-auth-agent-attempts')).toBe('2')
        expect(answer.headers.get('x-auth-agent-fallback')).toBe(model.replace('/', '-backup/'))
      }
      expect(seen()).toEqual([2, 2])
      expect(await eventsOf()).toBe(before + 2)
      expect((await lastEvent()).detail).toMatchObject({ attempts: 2, provider: model.replace('/m', '-backup') })
    })

    test('another does when it is not there, breaks off, says nothing, or says what is no answer', async () => {
      const nowhere = await pair({ base_url: 'http://127.0.0.1:1/v1' })
      expect((await ada.chat({ model: nowhere })).status).toBe(200)

      const model = await pair({ timeout_ms: 150 })
      const ways: Record<string, (response: ServerResponse) => void> = {
        'breaks off': (response) => void response.destroy(),
        'says nothing': () => {},
        'says no JSON': (response) =>
          void response.writeHead(200, { 'content-type': 'application/json' }).end('<html>'),
        'breaks off in the middle': (response) => {
          response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
          response.write('{"id":')
          setImmediate(() => response.destroy())
        },
      }
      for (const [way, answer] of Object.entries(ways)) {
        gateway.upstream.answer = (_call, response) => answer(response)
        const { status, headers } = await ada.chat({ model })
        expect([way, status, headers.get('x-auth-agent-attempts')]).toEqual([way, 200, '2'])
      }
    })

    test('another does for a stream that breaks off, is silent or is an error before it says anything', async () => {
      const ways: Record<string, (response: ServerResponse) => void> = {
        'breaks off': (response) => {
          startEvents(response)
          response.flushHeaders()
          setImmediate(() => response.destroy())
        },
        'is silent': (response) => {
          startEvents(response)
          response.flushHeaders()
        },
        'is over at once': (response) => {
          startEvents(response)
          response.end()
        },
        'is an error': (response) => {
          startEvents(response)
          sendEvent(response, { error: { message: 'overloaded', type: 'server_error', code: 'server_error' } })
        },
      }
      for (const [way, answer] of Object.entries(ways)) {
        const model = await pair({ timeout_ms: 150 })
        gateway.upstream.answer = (_call, response) => answer(response)
        const { status, headers, text } = await ada.chat({ model, stream: true })
        expect([way, status, headers.get('x-auth-agent-provider')]).toEqual([way, 200, model.replace('/m', '-backup')])
        expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
        await expect.poll(() => gateway.upstream.open()).toBe(0)
      }
    })

    test.each([400, 401, 403, 404, 413, 422])('nobody else is asked after %i', async (status) => {
      const model = await pair()
      gateway.upstream.answer = fails(status)
      const answer = await ada.chat({ model })
      // 401 and 403 are between the provider and us.
      expect(answer.status).toBe(({ 401: 502, 403: 502, 422: 400 } as Record<number, number>)[status] ?? status)
      expect(seen()).toEqual([1, 0])
    })

    test('nobody else is asked for what the provider’s filter refuses', async () => {
      const model = await pair()
      gateway.upstream.answer = (_call, response) =>
        sendJson(response, 400, { error: { message: 'filtered', type: 'x', code: 'content_filter' } })
      expect((await ada.chat({ model })).status).toBe(400)
      expect(seen()).toEqual([1, 0])
    })

    test('nobody else is asked once there was a word of an answer', async () => {
      const model = await pair()
      gateway.upstream.answer = (_call, response) => {
        startEvents(response)
        sendEvent(response, chunk({ content: 'Once upon' }))
        setImmediate(() => response.destroy())
      }
      const { status, text } = await ada.chat({ model, stream: true })
      expect(status).toBe(200)
      expect(text).toContain('Once upon')
      expect(text).toContain('data: {"error":')
      expect(text).not.toContain('[DONE]')
      expect(seen()).toEqual([1, 0])
      expect((await lastEvent()).detail).toMatchObject({ status: 'failed', error: 'upstream_error' })
    })

    test('too many calls there are another’s, or are told with the time to wait; they open no breaker', async () => {
      const model = await pair()
      gateway.upstream.answer = fails(429, { 'retry-after': '7' })
      for (let call = 0; call < 12; call++) expect((await ada.chat({ model })).status).toBe(200)
      expect(seen()).toEqual([12, 12])
      await one('alone', gateway.upstream)
      const answer = await ada.chat({ model: 'alone/m' })
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '7'])
    })

    test('the call is put anew from what the caller sent, in the words of whoever answers', async () => {
      const id = `first${pairs++}`
      await one(`${id}-backup`, backup)
      await one(id, gateway.upstream, {
        kind: 'anthropic',
        base_url: gateway.upstream.origin,
        fallback: [`${id}-backup/m`],
      })
      gateway.upstream.answer = fails(529)
      const messages = [
        { role: 'system', content: 'Be brief' },
        { role: 'user', content: 'Hi' },
      ]
      const answer = await ada.chat({ model: `${id}/m`, messages, stop: ['x'], max_tokens: 50, user: 'u1' })
      expect(answer.status).toBe(200)
      expect(gateway.upstream.seen[0]).toMatchObject({
        path: '/v1/messages',
        body: { model: id, stop_sequences: ['x'], max_tokens: 50 },
      })
      expect(backup.seen[0]?.path).toBe('/v1/chat/completions')
      expect(backup.seen[0]?.body).toEqual({ model: `${id}-backup`, messages, stop: ['x'], max_tokens: 50, user: 'u1' })
      expect(backup.seen[0]?.headers['anthropic-version']).toBeUndefined()
    })

    test('all fail: the caller is told once, without names or addresses', async () => {
      const model = await pair()
      gateway.upstream.answer = fails(500)
      backup.answer = fails(500)
      const answer = await ada.chat({ model })
      expect([answer.status, answer.body.error.code]).toEqual([502, 'upstream_error'])
      expect(answer.headers.get('x-auth-agent-attempts')).toBe('2')
      expect(answer.text).not.toMatch(/127\.0\.0\.1|first\d|backup/)
    })
  })

  describe('a breaker', () => {
    /** Fails until nobody is let through. */
    async function open(model: string) {
      gateway.upstream.answer = fails(500)
      for (let call = 0; call < 5; call++) await ada.chat({ model })
      gateway.upstream.reset()
      backup.reset()
    }

    test('opens after five failures: the first is not asked any more, and the other at once', async () => {
      const model = await pair()
      await open(model)
      const started = performance.now()
      for (let call = 0; call < 10; call++)
        expect((await ada.chat({ model })).headers.get('x-auth-agent-attempts')).toBe('1')
      expect(seen()).toEqual([0, 10])
      expect((performance.now() - started) / 10).toBeLessThan(500)
    })

    test('counts failures of the last ten calls within thirty seconds only', async () => {
      const model = await pair()
      gateway.upstream.answer = fails(500)
      for (let call = 0; call < 4; call++) await ada.chat({ model })
      gateway.wait(31)
      for (let call = 0; call < 4; call++) await ada.chat({ model })
      expect(seen()).toEqual([8, 8])
      await ada.chat({ model })
      await ada.chat({ model })
      expect(seen()).toEqual([9, 10])
    })

    test('lets one of fifty through after half a minute, and all once it went well', async () => {
      const model = await pair()
      await open(model)
      gateway.wait(30)
      let letGo = () => {}
      gateway.upstream.answer = async (call, response) => {
        await new Promise<void>((resolve) => {
          letGo = resolve
        })
        await says('Hello')(call, response)
      }
      const calls = Array.from({ length: 50 }, () => ada.chat({ model }))
      await expect.poll(() => backup.seen.length, { timeout: 10_000 }).toBe(49)
      expect(seen()).toEqual([1, 49])
      letGo()
      expect(new Set((await Promise.all(calls)).map(({ status }) => status))).toEqual(new Set([200]))
      gateway.upstream.reset()
      backup.reset()
      await Promise.all(Array.from({ length: 20 }, () => ada.chat({ model })))
      expect(seen()).toEqual([20, 0])
    })

    test('stays open for twice as long when that one fails, up to five minutes', async () => {
      const model = await pair()
      await open(model)
      gateway.upstream.answer = fails(503)
      let asked = 0
      for (const seconds of [30, 60, 120, 240, 300, 300]) {
        gateway.wait(seconds - 1)
        await ada.chat({ model })
        expect([seconds, gateway.upstream.seen.length]).toEqual([seconds, asked])
        gateway.wait(1)
        await ada.chat({ model })
        asked++
        expect([seconds, gateway.upstream.seen.length]).toEqual([seconds, asked])
      }
    })

    test('learns nothing from a caller’s mistake, or one who goes away, and lets the next one through', async () => {
      const model = await pair()
      await open(model)
      gateway.wait(30)
      gateway.upstream.answer = fails(400)
      expect((await ada.chat({ model })).status).toBe(400)
      gateway.upstream.answer = fails(429)
      expect((await ada.chat({ model })).status).toBe(200)
      gateway.upstream.answer = () => {}
      const gone = new AbortController()
      const body = { model, messages: [{ role: 'user', content: 'Hi' }] }
      const left = ada.call('/v1/chat/completions', body, {}, gone.signal).catch(() => undefined)
      await expect.poll(() => gateway.upstream.seen.length).toBe(3)
      gone.abort()
      await left
      gateway.upstream.reset()
      backup.reset()
      await ada.chat({ model })
      expect(seen()).toEqual([1, 0])
      await Promise.all(Array.from({ length: 5 }, () => ada.chat({ model })))
      expect(seen()).toEqual([6, 0])
    })

    test('is a person’s own where their key is: what is refused to them is asked for others', async () => {
      const model = await pair()
      const provider = model.replace('/m', '')
      const bob = await gateway.member(0)
      await bob.window.send('PUT', '/api/payment-method', { payment_method: 'byok' })
      for (const id of [provider, `${provider}-backup`])
        await bob.window.send('PUT', `/api/provider-keys/${id}`, { api_key: 'sk-of-bob-0123456789' })
      for (const status of [401, 429, 500]) {
        gateway.upstream.answer = fails(status)
        for (let call = 0; call < 6; call++) await bob.chat({ model })
      }
      gateway.upstream.reset()
      backup.reset()
      expect((await ada.chat({ model })).headers.get('x-auth-agent-provider')).toBe(provider)
      expect(seen()).toEqual([1, 0])
    })

    test('of each is open: when to come back, and nothing of what is inside', async () => {
      const model = await pair()
      gateway.upstream.answer = fails(500)
      backup.answer = fails(500)
      for (let call = 0; call < 5; call++) await ada.chat({ model })
      gateway.wait(10)
      gateway.upstream.reset()
      backup.reset()
      const answer = await ada.chat({ model })
      expect([answer.status, answer.body.error.code]).toEqual([503, 'upstream_unavailable'])
      expect(answer.headers.get('retry-after')).toBe('20')
      expect(answer.text).not.toMatch(/breaker|first\d|backup|127/)
      expect(seen()).toEqual([0, 0])
    })
  })

  describe('time', () => {
    test('to a connection is short, and the rest is another’s', async () => {
      const full = runProgram({
        script: `import { createServer } from 'node:net'
          const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
            process.stdout.write(String(server.address().port) + '\\n', () =>
              Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000))
          })`,
      })
      const port = await eventually(async () => /\d+\n/.test(full.stdout()) && Number(full.stdout()), 20_000)
      const { connect } = await import('node:net')
      const filling = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => {}))
      const model = await pair({ base_url: `http://127.0.0.1:${port}/v1`, connect_timeout_ms: 200, timeout_ms: 60_000 })
      const started = performance.now()
      const answer = await ada.chat({ model })
      expect([answer.status, answer.headers.get('x-auth-agent-attempts')]).toEqual([200, '2'])
      expect(performance.now() - started).toBeLessThan(5000)
      for (const socket of filling) socket.destroy()
      full.signal('SIGKILL')
    })

    test('between two bytes is limited: the caller is told in the stream, and nobody else is asked', async () => {
      const model = await pair({ idle_timeout_ms: 150 })
      gateway.upstream.answer = (_call, response) => {
        startEvents(response)
        sendEvent(response, chunk({ content: 'Well, ' }))
      }
      const { text } = await ada.chat({ model, stream: true })
      expect(text).toContain('Well, ')
      expect(text).toContain('"code":"upstream_timeout"')
      expect(text).not.toContain('[DONE]')
      expect(seen()).toEqual([1, 0])
    })

    test('of one try is limited by its provider', async () => {
      const model = await pair({ total_timeout_ms: 200 })
      gateway.upstream.answer = async (_call, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        while (!response.destroyed) {
          response.write(' ')
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
      }
      const answer = await ada.chat({ model })
      expect([answer.status, answer.headers.get('x-auth-agent-attempts')]).toEqual([200, '2'])
    })

    test('that is nearly over is not given to another', async () => {
      const model = await pair()
      gateway.upstream.answer = (_call, response) => {
        gateway.wait(299.5)
        sendJson(response, 500, {})
      }
      expect((await ada.chat({ model })).status).toBe(502)
      expect(seen()).toEqual([1, 0])
    })
  })
})

describe('with little time for a call', () => {
  let gateway: ModelGateway
  beforeAll(async () => {
    gateway = await startModelGateway('sqlite', { CHAT_TIMEOUT: '1s' })
  })
  afterEach(() => gateway.upstream.reset())
  afterAll(() => gateway?.stop())

  test('whoever waits is told so, whoever has begun to read as well; the upstream is left', async () => {
    const ada = await gateway.caller(1000)
    gateway.upstream.answer = () => {}
    const answer = await ada.chat()
    expect([answer.status, answer.body.error.code]).toEqual([504, 'upstream_timeout'])
    gateway.upstream.answer = async (_call, response) => {
      startEvents(response)
      while (!response.destroyed) {
        sendEvent(response, chunk({ content: 'on and ' }))
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
    const stream = await ada.chat({ stream: true })
    expect(stream.text).toContain('"code":"upstream_timeout"')
    await expect.poll(() => gateway.upstream.open()).toBe(0)
  })

  test('a caller who stops reading is not waited for', async () => {
    const ada = await gateway.caller(1000)
    gateway.upstream.answer = async (_call, response) => {
      startEvents(response)
      while (!response.destroyed) {
        sendEvent(response, chunk({ content: 'x'.repeat(50_000) }))
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
    const response = await gateway.app.request('http://localhost:4000/v1/chat/completions', {
      method: 'POST',
      headers: { authorization: `Bearer ${ada.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-5', stream: true, messages: [{ role: 'user', content: 'Hi' }] }),
    })
    await expect
      .poll(
        async () =>
          (
            await gateway.deps.db.read
              .selectFrom('usage_record')
              .select('status')
              .where('user_id', '=', ada.id)
              .execute()
          ).length,
        { timeout: 5000 },
      )
      .toBe(1)
    await expect.poll(() => gateway.upstream.open()).toBe(0)
    await response.body?.cancel()
  })

  test('calls without a name, and without backups where the operator wants none', async () => {
    const ada = await gateway.caller(1000)
    const body = { messages: [{ role: 'user', content: 'Hi' }] }
    expect((await ada.call('/v1/chat/completions', body)).headers.get('x-auth-agent-provider')).toBe('acme')
    const other = await startModelGateway('sqlite', { DEFAULT_AGENT: 'acme/embed-1', AGENT_FALLBACK_ENABLED: 'false' })
    const bob = await other.caller(1000)
    await bob.call('/v1/chat/completions', body)
    expect(other.upstream.seen[0]?.body.model).toBe('embed-1')
    await other.addProvider({
      id: 'frail',
      kind: 'openai',
      base_url: `${other.upstream.origin}/v1`,
      models: [{ id: 'm', price: PRICE }],
      fallback: ['acme/gpt-5'],
    })
    other.upstream.reset()
    other.upstream.answer = fails(500)
    expect((await bob.chat({ model: 'frail/m' })).status).toBe(502)
    expect(other.upstream.seen).toHaveLength(1)
    await other.stop()
  })
})
