import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createApp } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { createLogger } from '../src/http/log.ts'
import { connectionTopic } from '../src/storage/topics.ts'
import { openWorld } from '../src/world.ts'
import { ADMIN_KEY, DATABASES, MASTER_KEYS } from './harness.ts'
import { CLIENTS, type Mcp, type McpClient, startMcp } from './mcp-clients.ts'

const TOOL = 'acme_request'
const ITEMS = { path: '/items' }

let mcp: Mcp

const connections = async () => (await mcp.call('GET', '/v1/connections')).body.data
/** The link that a client without any abilities is answered with. */
const linkOf = async (client: McpClient): Promise<string> => (await client.call(TOOL, ITEMS)).said.consent_url

/** Begins a call, and goes on when the server waits for a person's consent. */
async function untilItWaits<T>(begin: () => Promise<T>): Promise<{ answer: Promise<T> }> {
  const { db } = mcp.deps
  const { subscribe } = db
  const waits = new Promise<void>((resolve) => {
    db.subscribe = (topic, listener) => {
      resolve()
      return subscribe(topic, listener)
    }
  })
  const answer = begin()
  await waits
  db.subscribe = subscribe
  return { answer }
}

describe.each(DATABASES)('where an account is missing, on %s', (database) => {
  beforeEach(async () => {
    mcp = await startMcp(database)
  })
  afterEach(() => mcp.stop())

  test.each(CLIENTS)('a client of %s is given a link, and the call goes on afterwards', async (kind) => {
    const client = await mcp.client(kind)
    const { said, isError, text } = await client.call(TOOL, ITEMS)
    expect(isError).toBe(true)
    expect(said).toMatchObject({
      error: 'connection_pending',
      error_description: expect.stringContaining(`call ${TOOL} again`),
      consent_url: expect.stringContaining(`${mcp.provider.origin}/authorize?`),
    })
    expect(text).toContain(said.consent_url)
    const { status, text: page } = await mcp.consent(said.consent_url)
    expect([status, page]).toEqual([200, expect.stringContaining('Connected')])

    const again = await client.call(TOOL, ITEMS)
    expect(again.isError).toBe(false)
    expect(again.said).toMatchObject({ status: 200, connection_id: said.connection_id })
    expect(again.text).not.toContain('canary')
  })

  test.each(CLIENTS)('a client of %s that listens hears of the link, and its call goes on by itself', async (kind) => {
    const client = await mcp.client(kind)
    const heard: (string | undefined)[] = []
    const onProgress = (message: string | undefined) => {
      heard.push(message)
      const [link] = /http\S+/.exec(message ?? '') ?? []
      if (link) void mcp.consent(link)
    }
    const { said } = await client.call(TOOL, ITEMS, { onProgress })
    expect(said).toMatchObject({ status: 200, connection_id: (await connections())[0].connection_id })
    expect(heard).toEqual([expect.stringContaining('Connect acme')])
  })

  test('a call that comes again waits for the consent, whichever process hears of it', async () => {
    const env = { ISSUER: mcp.issuer, DATABASE_URL: mcp.databaseUrl, MASTER_KEYS, ADMIN_API_KEY: ADMIN_KEY }
    const config = readConfig({ ...env, EGRESS_ALLOW: '127.0.0.1' })
    const other = await openWorld(config, { now: mcp.deps.now, log: createLogger('fatal', { write: () => {} }) })
    try {
      const client = await mcp.client('v1')
      const link = await linkOf(client)
      const { answer } = await untilItWaits(() => client.call(TOOL, ITEMS))
      const { expires_at: _, ...tokens } = mcp.provider.issue(0)
      mcp.provider.odd.push({ status: 200, body: { ...tokens, expires_in: 3600 } })
      const state = new URL(link).searchParams.get('state') ?? ''
      const came = await createApp(other.deps).request(`/auth/callback/acme?state=${state}&code=a-code`)
      expect(came.status).toBe(200)
      expect((await answer).said).toMatchObject({ status: 200 })
      expect(await connections()).toHaveLength(1)
    } finally {
      other.drain()
      await other.close()
    }
  })

  test('calls at once ask for one account', async () => {
    const client = await mcp.client('v2 as of 2026')
    const links = new Set<string>()
    const showLink = async (url: string) => {
      links.add(url)
      if (links.size === 1) await mcp.consent(url)
      return 'accept' as const
    }
    const shower = await mcp.client('v2 as of 2026', { showLink })
    const answers = await Promise.all([1, 2, 3].map(() => shower.call(TOOL, ITEMS)))
    expect(answers.map(({ said }) => said.status)).toEqual([200, 200, 200])
    expect(links.size).toBe(1)
    expect(await connections()).toHaveLength(1)
    expect((await client.call(TOOL, ITEMS)).said.status).toBe(200)
  })
})

describe('where an account is missing', () => {
  beforeEach(async () => {
    mcp = await startMcp()
  })
  afterEach(() => mcp.stop())

  test('a client that shows links is asked to, and its call goes on', async () => {
    const links: string[] = []
    const showLink = async (url: string) => {
      links.push(url)
      await mcp.consent(url)
      return 'accept' as const
    }
    const client = await mcp.client('v2 as of 2026', { showLink })
    expect((await client.call(TOOL, ITEMS)).said).toMatchObject({ status: 200 })
    expect(links).toEqual([expect.stringContaining('/authorize?')])
  })

  test('the call goes on when the person consents after they opened the link', async () => {
    let link = ''
    const client = await mcp.client('v2 as of 2026', {
      showLink: async (url) => {
        link = url
        return 'accept'
      },
    })
    const { answer } = await untilItWaits(() => client.call(TOOL, ITEMS))
    await mcp.consent(link)
    expect((await answer).said).toMatchObject({ status: 200 })
  })

  test('a person who does not open the link is not asked again by the same call', async () => {
    let asked = 0
    const client = await mcp.client('v2 as of 2026', {
      showLink: async () => {
        asked++
        return 'decline'
      },
    })
    const { said, isError } = await client.call(TOOL, ITEMS)
    expect([isError, said.error, asked]).toEqual([true, 'access_denied', 1])
  })

  test('a link that nobody opened is shown again at once', async () => {
    const answers = ['decline', 'accept'] as const
    let asked = 0
    const client = await mcp.client('v2 as of 2026', {
      showLink: async (url) => {
        if (asked === 1) await mcp.consent(url)
        return answers[asked++] ?? 'decline'
      },
    })
    expect((await client.call(TOOL, ITEMS)).said.error).toBe('access_denied')
    mcp.wait(11)
    expect((await client.call(TOOL, ITEMS)).said.status).toBe(200)
    expect(asked).toBe(2)
    expect(await connections()).toHaveLength(1)
  })

  test.each(['v1', 'v2 as of 2025'] as const)('a client of %s that shows links gets -32042', async (kind) => {
    const showLink = async () => 'accept' as const
    const client = await mcp.client(kind, { showLink })
    const refusal = await client.call(TOOL, ITEMS).catch((error) => error)
    expect(refusal).toMatchObject({ code: -32042 })
    const [{ mode, url, elicitationId }] = refusal.elicitations
    expect([mode, elicitationId]).toEqual(['url', (await connections())[0].connection_id])
    await mcp.consent(url)
    expect((await client.call(TOOL, ITEMS)).said).toMatchObject({ status: 200, connection_id: elicitationId })
  })

  test('the same connection is asked for, however often', async () => {
    const client = await mcp.client('v1')
    const links = [await linkOf(client)]
    for (let i = 0; i < 2; i++) {
      const { answer } = await untilItWaits(() => client.call(TOOL, ITEMS))
      mcp.wait(46)
      const [{ connection_id: id }] = await connections()
      await mcp.deps.db.write(async ({ notify }) => notify(connectionTopic(id)))
      links.push((await answer).said.consent_url)
    }
    expect(new Set(links).size).toBe(3)
    expect(await connections()).toHaveLength(1)
    // Whichever of the links the person has before them.
    await mcp.consent(links[0] ?? '')
    expect((await client.call(TOOL, ITEMS)).said.status).toBe(200)
  })

  test('a person who denies is told of, and asked again by the next call', async () => {
    const client = await mcp.client('v1')
    const link = await linkOf(client)
    const { answer } = await untilItWaits(() => client.call(TOOL, ITEMS))
    await mcp.deny(link)
    const { said, isError } = await answer
    expect([isError, said.error]).toEqual([true, 'access_denied'])
    expect(said.error_description).toContain('denied')

    await mcp.consent(await linkOf(client))
    expect((await client.call(TOOL, ITEMS)).said.status).toBe(200)
    expect(await connections()).toHaveLength(1)
  })

  test('a link that is too old is replaced', async () => {
    const client = await mcp.client('v1')
    const first = await linkOf(client)
    mcp.wait(601)
    expect((await mcp.consent(first)).status).toBe(400)
    mcp.provider.odd.length = 0
    await mcp.consent(await linkOf(client))
    expect((await client.call(TOOL, ITEMS)).said.status).toBe(200)
    expect(await connections()).toHaveLength(1)
  })

  test('it is the owner’s, unless the agent says whose', async () => {
    const client = await mcp.client('v1')
    const { body } = await mcp.admin('GET', `/agents/${mcp.agentId}`)
    const owner = (await client.call(TOOL, ITEMS)).said.user_id
    expect(owner).toBe(body.user_id)
    const { said } = await client.call(TOOL, { ...ITEMS, user_id: 'customer-7' })
    expect(said.user_id).toBe('customer-7')
    await mcp.consent(said.consent_url)
    // An account of one person is not taken for another's.
    const forAnother = await client.call(TOOL, { ...ITEMS, user_id: 'customer-8' })
    expect(forAnother.said.error).toBe('connection_pending')
    expect((await client.call(TOOL, { ...ITEMS, user_id: 'customer-7' })).said.connection_id).toBe(said.connection_id)
  })

  test('a caller who goes away is waited for no longer, nor one when the server stops', async () => {
    const client = await mcp.client('v2 as of 2026')
    await linkOf(client)
    const leaving = new AbortController()
    const left = await untilItWaits(() => client.call(TOOL, ITEMS, { signal: leaving.signal }).catch(() => 'left'))
    leaving.abort()
    expect(await left.answer).toBe('left')

    const { answer } = await untilItWaits(() => client.call(TOOL, ITEMS))
    mcp.drain()
    expect((await answer).said.error).toBe('connection_pending')
  })

  test('an agent begins it by itself with connect_account', async () => {
    const client = await mcp.client('v2 as of 2026')
    const asked = { provider_name: 'Acme', user_id: 'ada', scopes: ['write'] }
    const { said, isError, text } = await client.call('connect_account', asked)
    expect(isError).toBe(false)
    expect(new URL(said.consent_url).searchParams.get('scope')).toBe('write')
    expect(text).not.toContain('"state"')
    await mcp.consent(said.consent_url)
    expect((await client.call(TOOL, ITEMS)).said.connection_id).toBe(said.connection_id)
    const again = await client.call('connect_account', { provider_name: 'acme', connection_id: said.connection_id })
    expect(again.said).toMatchObject({ connection_id: said.connection_id, user_id: 'ada' })
    expect((await client.call('connect_account', { provider_name: 'nowhere' })).said.error).toBe('validation_failed')
  })
})

describe('where an account has to be connected again', () => {
  beforeEach(async () => {
    mcp = await startMcp()
  })
  afterEach(() => mcp.stop())

  const dead = { status: 400, body: { error: 'invalid_grant' } }

  test('the call that finds out gives the link, for the same connection, and goes on', async () => {
    const id = await mcp.connection(-1)
    mcp.provider.odd.push(dead)
    const client = await mcp.client('v2 as of 2026')
    const { said, isError } = await client.call(TOOL, ITEMS)
    expect([isError, said.error, said.connection_id, said.user_id]).toEqual([true, 'reauth_required', id, 'user-1'])
    await mcp.consent(said.consent_url)
    expect((await client.call(TOOL, ITEMS)).said).toMatchObject({ status: 200, connection_id: id })
  })

  test('the call waits, and goes on by itself', async () => {
    const id = await mcp.connection(-1)
    mcp.provider.odd.push(dead)
    const client = await mcp.client('v1')
    const onProgress = (message: string | undefined) => {
      const [link] = /http\S+/.exec(message ?? '') ?? []
      if (link) void mcp.consent(link)
    }
    const { said } = await client.call(TOOL, ITEMS, { onProgress })
    expect(said).toMatchObject({ status: 200, connection_id: id })
  })

  test('an agent is told who has the say over one that it did not make', async () => {
    await mcp.connection(-1, { made_by: 'user_1' })
    mcp.provider.odd.push(dead)
    const client = await mcp.client('v2 as of 2026')
    const { said, isError } = await client.call(TOOL, ITEMS)
    expect([isError, said.error]).toEqual([true, 'forbidden'])
    expect(await connections()).toHaveLength(1)
  })
})
