import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { newId } from '../src/crypto/ids.ts'
import { type ConnectionGrantRow, insertConnectionGrant } from '../src/storage/connection-grants.ts'
import { DATABASES } from './harness.ts'
import { CLIENTS, type Mcp, type McpClient, startMcp } from './mcp-clients.ts'
import { seedConnection, seedProvider, textOf } from './token-provider.ts'

let mcp: Mcp

const grant = (connectionId: string, agentId: string, changes: Partial<ConnectionGrantRow> = {}) =>
  mcp.deps.db.write(({ trx }) =>
    insertConnectionGrant(trx, {
      grant_id: newId(mcp.deps.random, 'cgrant'),
      org_id: mcp.deps.orgId,
      connection_id: connectionId,
      agent_id: agentId,
      methods: null,
      path_prefix: null,
      raw_token: 0,
      made_by: 'user_1',
      created_at: mcp.deps.now(),
      ...changes,
    }),
  )

/** A connection of the provider that a person made, for whichever agents are granted it. */
const ofPerson = (changes: Parameters<typeof seedConnection>[3] = {}) =>
  seedConnection(mcp.deps, 'user_1', mcp.provider.issue(mcp.deps.now() + 3_600_000), changes)

/** What the provider's API got, as it answers it. */
const calls: { method?: string | undefined; url?: string | undefined; type?: string | undefined; body: string }[] = []
const remember = async (request: IncomingMessage, response: ServerResponse) => {
  const { method, url, headers } = request
  calls.push({ method, url, type: headers['content-type'], body: await textOf(request) })
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ echo: headers.authorization }))
}

const names = async (client: McpClient) => (await client.list()).map(({ name }) => name)
const apiTools = async (client: McpClient) => (await names(client)).filter((name) => name.includes('_request'))

describe.each(CLIENTS)('a client of %s', (kind) => {
  beforeAll(async () => {
    mcp = await startMcp()
    mcp.provider.api = remember
  })
  afterAll(() => mcp.stop())

  test('finds an account as a tool, calls the provider by it, and never sees the token', async () => {
    const id = await mcp.connection(3600, { account_label: 'ada@acme.example' })
    const client = await mcp.client(kind)
    expect(client.protocol()).toBe(kind === 'v2 as of 2026' ? '2026-07-28' : '2025-11-25')
    const tools = await client.list()
    expect(tools.map(({ name }) => name)).toEqual(['list_connections', 'connect_account', 'acme_request'])
    expect(tools[2]).toMatchObject({
      title: 'acme: ada@acme.example',
      description: expect.stringContaining(`${mcp.provider.origin}/api`),
      inputSchema: { type: 'object', required: ['path'] },
      annotations: { readOnlyHint: false, destructiveHint: true, openWorldHint: true },
    })

    const { said, isError, text } = await client.call('acme_request', { path: '/items?sort=up', query: { page: 2 } })
    expect(isError).toBe(false)
    expect(said).toEqual({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: { echo: expect.stringMatching(/^\*+$/) },
      connection_id: id,
    })
    expect(JSON.parse(text)).toEqual(said)
    expect(calls.at(-1)).toMatchObject({ method: 'GET', url: '/api/items?sort=up&page=2' })
    expect(text).not.toContain('canary')
  })

  test('lists the accounts, and the tool of each', async () => {
    const client = await mcp.client(kind)
    const { said } = await client.call('list_connections')
    expect(said.next_cursor).toBeNull()
    const [first] = said.data
    expect(first).toMatchObject({ provider_name: 'acme', status: 'active', account: 'ada@acme.example' })
    expect((await client.call(first.tool, { path: '/by-its-own-tool' })).said.status).toBe(200)
    expect((await client.call('list_connections', { user_id: 'nobody' })).said.data).toEqual([])
  })

  test('is told what is wrong with its arguments', async () => {
    const client = await mcp.client(kind)
    const before = calls.length
    for (const [args, field] of [
      [{}, 'path'],
      [{ path: 7 }, 'path'],
      [{ path: '/', method: 'TRACE' }, 'method'],
      [{ path: '/', extra: 1 }, 'arguments'],
    ] as const) {
      const { said, isError } = await client.call('acme_request', args)
      expect([isError, said.error]).toEqual([true, 'validation_failed'])
      if (field !== 'arguments') expect(Object.keys(said.fields)).toEqual([field])
    }
    expect(calls.length).toBe(before)
    await expect(client.call('nothing_request')).rejects.toMatchObject({ code: -32602 })
  })

  test('that goes away takes its call to the provider along', async () => {
    const client = await mcp.client(kind)
    let broken: Promise<unknown> | undefined
    const arrived = new Promise<void>((resolve) => {
      mcp.provider.api = (request) => {
        broken = new Promise((gone) => request.once('close', gone))
        resolve()
      }
    })
    const leaving = new AbortController()
    const call = client.call('acme_request', { path: '/slow' }, { signal: leaving.signal })
    const refused = expect(call).rejects.toThrow()
    await arrived
    leaving.abort()
    await client.close()
    await refused
    await broken
    mcp.provider.api = remember
  })
})

describe('a call', () => {
  let client: McpClient
  beforeAll(async () => {
    mcp = await startMcp()
    await mcp.connection(3600)
    client = await mcp.client('v2 as of 2026')
  })
  afterAll(() => mcp.stop())
  beforeEach(() => {
    mcp.provider.api = remember
  })

  const answering = (status: number, headers: Record<string, string>, body: string | Buffer) => {
    mcp.provider.api = (_, response) => void response.writeHead(status, headers).end(body)
  }

  test('sends JSON as JSON, and a text as it is', async () => {
    await client.call('acme_request', { method: 'POST', path: 'things', body: { a: [1] } })
    expect(calls.at(-1)).toEqual({ method: 'POST', url: '/api/things', type: 'application/json', body: '{"a":[1]}' })
    const headers = { 'content-type': 'text/csv', 'content-length': '1', authorization: 'Bearer mine' }
    await client.call('acme_request', { method: 'PUT', path: '/things/1', headers, body: 'ä,b' })
    expect(calls.at(-1)).toEqual({ method: 'PUT', url: '/api/things/1', type: 'text/csv', body: 'ä,b' })
  })

  test('writes a path as a client would, and lets none climb', async () => {
    await client.call('acme_request', { path: '/my files/ä#1\t/x%2Fy' })
    expect(calls.at(-1)?.url).toBe('/api/my%20files/%C3%A4%231%09/x%2Fy')
    const before = calls.length
    for (const path of ['/../secret', '/a/../../b', '..', '/%2e%2e/x', '/.\t./x', '/a\\..\\b', '/%']) {
      const { isError, said } = await client.call('acme_request', { path })
      // A tab is no part of a climb, once it is written as it is.
      if (path.includes('\t')) expect([path, said.status]).toEqual([path, 200])
      else expect([path, isError, said.error]).toEqual([path, true, 'invalid_request'])
    }
    expect(calls.length).toBe(before + 1)
    await client.call('acme_request', { path: '//evil.example/x' })
    expect(calls.at(-1)?.url).toBe('/api//evil.example/x')
  })

  test('of no valid header, or a GET with a body, is refused', async () => {
    for (const args of [{ headers: { 'bad name': 'x' } }, { headers: { x: 'a\r\nb: c' } }, { body: 'x' }])
      expect((await client.call('acme_request', { path: '/', ...args })).said.error).toBe('invalid_request')
  })

  test('shows what the provider refuses as a failure', async () => {
    answering(404, { 'content-type': 'application/problem+json', 'retry-after': '7', 'x-other': '1' }, '{"title":"No"}')
    const { said, isError } = await client.call('acme_request', { path: '/x' })
    expect(isError).toBe(true)
    expect(said).toMatchObject({ status: 404, body: { title: 'No' } })
    expect(said.headers).toEqual({ 'content-type': 'application/problem+json', 'retry-after': '7' })
  })

  test('shows the beginning of what is too long, and says so', async () => {
    answering(200, { 'content-type': 'text/plain' }, `${'x'.repeat(256 * 1024 - 1)}äää`)
    const { said } = await client.call('acme_request', { path: '/x' })
    expect(said.body).toBe('x'.repeat(256 * 1024 - 1))
    expect(said.truncated).toContain('262144 bytes')
  })

  test('shows no bytes that are no text', async () => {
    answering(200, { 'content-type': 'image/png' }, Buffer.from([0x89, 0x50, 0xff]))
    const { said, isError } = await client.call('acme_request', { path: '/x' })
    expect(isError).toBe(false)
    expect(said).toMatchObject({ status: 200, binary: expect.stringContaining('image/png') })
    expect(said.body).toBeUndefined()
  })

  test('is told of a redirect by what to call next', async () => {
    answering(302, { location: '/api/elsewhere?x=1' }, '')
    const { said } = await client.call('acme_request', { path: '/x' })
    expect([said.status, said.headers.location]).toEqual([302, '/elsewhere?x=1'])
  })

  test('that the provider answers with 401 is tried again with a new token', async () => {
    mcp.wait(120)
    mcp.provider.api = (request, response) =>
      void response.writeHead(mcp.provider.accepts(request.headers.authorization) ? 200 : 401).end()
    mcp.provider.revokeAccess()
    expect((await client.call('acme_request', { path: '/x' })).said.status).toBe(200)
  })

  test('of a provider that is down, or breaks off, says to try again', async () => {
    for (const breakOff of [
      (response: ServerResponse) => response.destroy(),
      (response: ServerResponse) => response.writeHead(200).write('half', () => response.destroy()),
    ]) {
      mcp.provider.api = (_, response) => void breakOff(response)
      const { said, isError } = await client.call('acme_request', { path: '/x' })
      expect([isError, said.error]).toEqual([true, 'provider_unavailable'])
    }
  })

  test('is in the audit log, as through the proxy, and no token is in any', async () => {
    await client.call('acme_request', { path: '/audited' })
    const { body } = await mcp.admin('GET', '/audit-log?limit=200')
    const used = body.data.filter(({ action }: { action: string }) => action === 'connection.used')
    expect(used[0]).toMatchObject({ actor: mcp.agentId, detail: { method: 'GET', path: '/audited', status: 200 } })
    expect(JSON.stringify(body)).not.toContain('canary')
    expect(mcp.logged.join('')).not.toContain('canary-access')
  })

  test('by the admin key is made too', async () => {
    const operator = await mcp.client('v1', { bearer: 'Bearer admin-key-of-the-tests-0123456789' })
    expect((await operator.call('acme_request', { path: '/x' })).said.status).toBe(200)
  })
})

describe('what is not the protocol', () => {
  let authorization: string
  beforeAll(async () => {
    mcp = await startMcp('sqlite', {}, { BODY_LIMIT_MB: '1' })
    authorization = await mcp.authorization()
  })
  afterAll(() => mcp.stop())

  const call = (method: string, params: unknown) => ({ jsonrpc: '2.0', id: 1, method, params })
  const anArray: unknown[] = [call('ping', {})]
  test.each([
    ['no JSON', '{', {}, 400, -32700],
    ['nothing', '', {}, 400, -32700],
    ['a batch', anArray, {}, 400, -32700],
    ['what is nested too deeply', `{"a":${'['.repeat(100)}${']'.repeat(100)}}`, {}, 400, -32700],
    ['another media type', 'x=1', { 'content-type': 'application/x-www-form-urlencoded' }, 400, -32700],
    ['JSON of another media type', call('ping', {}), { 'content-type': 'text/plain' }, 415, -32000],
    ['an answer that is not wanted', call('ping', {}), { accept: 'text/plain' }, 406, -32000],
    ['an unknown method', call('tools/burn', {}), {}, 200, -32601],
    ['an unknown tool', call('tools/call', { name: 'x' }), {}, 200, -32602],
    ['a tool without a name', call('tools/call', {}), {}, 200, -32602],
    ['a tool that is no text', call('tools/call', { name: 7 }), {}, 200, -32602],
    ['a cursor that is not ours', call('tools/list', { cursor: 'x' }), {}, 200, -32602],
    ['an unknown revision', call('ping', {}), { 'mcp-protocol-version': '1999-01-01' }, 400, -32000],
  ] as const)('%s is told so', async (_, body, headers, status, code) => {
    const answer = await mcp.post(body, { authorization, ...headers })
    const text = await answer.text()
    expect([answer.status, JSON.parse(text.replace(/^[^{]*/, '')).error?.code]).toEqual([status, code])
    expect(answer.headers.get('x-request-id')).toBeTruthy()
  })

  test('a body that is too large is refused', async () => {
    const answer = await mcp.post(call('ping', { x: 'x'.repeat(1_100_000) }), { authorization })
    expect(answer.status).toBe(413)
  })

  test('nothing is held open for who waits for changes', async () => {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'x', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const headers = { authorization, 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen' }
    const params = { notifications: { toolsListChanged: true }, _meta }
    const answer = await mcp.post(call('subscriptions/listen', params), headers)
    expect(JSON.parse((await answer.text()).replace(/^[^{]*/, '')).error.code).toBe(-32603)
  })
})

describe.each(DATABASES)('the list of tools, on %s', (database) => {
  beforeEach(async () => {
    mcp = await startMcp(database)
    mcp.provider.api = remember
  })
  afterEach(() => mcp.stop())

  test('has a tool for each of several accounts, whose name stays', async () => {
    const client = await mcp.client('v2 as of 2026')
    const [ada, bob] = [await mcp.connection(3600, { account_label: 'ada' }), await mcp.connection(3600)]
    const toolOf = (id: string) => `acme_request_${id.slice(-8)}`
    expect(await apiTools(client)).toEqual(expect.arrayContaining(['acme_request', toolOf(ada), toolOf(bob)]))
    expect((await client.call(toolOf(ada), { path: '/' })).said.connection_id).toBe(ada)
    expect((await client.call(toolOf(bob), { path: '/' })).said.connection_id).toBe(bob)

    await mcp.call('DELETE', `/v1/connections/${ada}`)
    expect(await apiTools(client)).toEqual(['acme_request'])
    expect((await client.call('acme_request', { path: '/' })).said.connection_id).toBe(bob)
    expect((await client.call(toolOf(bob), { path: '/' })).said.connection_id).toBe(bob)
    expect((await client.call(toolOf(ada), { path: '/' })).said.error).toBe('not_found')
  })

  test('does not guess which of several accounts is meant', async () => {
    const client = await mcp.client('v2 as of 2026')
    const ids = [await mcp.connection(3600), await mcp.connection(3600, { user_ref: 'user-2' })]
    const before = calls.length
    const { said, isError } = await client.call('acme_request', { path: '/' })
    expect([isError, said.error]).toEqual([true, 'validation_failed'])
    for (const id of ids) expect(said.error_description).toContain(id)
    expect(calls.length).toBe(before)
    expect((await client.call('acme_request', { path: '/', user_id: 'user-2' })).said.connection_id).toBe(ids[1])
    expect((await client.call('acme_request', { path: '/', connection_id: ids[0] })).said.connection_id).toBe(ids[0])
    const mixed = { path: '/', connection_id: ids[0], user_id: 'user-2' }
    expect((await client.call('acme_request', mixed)).said.error).toBe('not_found')
  })

  test('comes by pages where there are many accounts', async () => {
    const tokens = mcp.provider.issue(mcp.deps.now() + 3_600_000)
    const ids: string[] = []
    for (let i = 0; i < 205; i++)
      ids.push(
        await seedConnection(mcp.deps, mcp.agentId, tokens, {
          created_at: mcp.deps.now() + Math.floor(i / 3),
          user_ref: `user-${i}`,
        }),
      )
    const client = await mcp.client('v1')
    const pages = []
    let cursor: string | undefined
    do {
      const page = await client.page(cursor)
      pages.push(page.tools.map(({ name }: { name: string }) => name))
      cursor = page.nextCursor
    } while (cursor !== undefined)
    expect(pages.map(({ length }) => length)).toEqual([103, 100, 5])
    const all = pages.flat()
    expect(new Set(all).size).toBe(all.length)
    for (const id of ids) expect(all).toContain(`acme_request_${id.slice(-8)}`)
    for (const name of all) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
  })

  test('names every provider as clients take it', async () => {
    const odd = ['a.b', `${'x'.repeat(60)}.com`, `${'x'.repeat(60)}.org`, 'acme_request']
    for (const name of odd) await seedProvider(mcp.deps, mcp.provider.origin, {}, name)
    const made = await Promise.all(odd.map((provider_name) => mcp.connection(3600, { provider_name })))
    const client = await mcp.client('v1')
    const tools = await apiTools(client)
    expect(new Set(tools).size).toBe(odd.length + 1)
    const called = []
    for (const tool of tools) {
      expect(tool).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
      called.push((await client.call(tool, { path: '/' })).said.connection_id)
    }
    expect(called).toEqual(expect.arrayContaining(made))
  })

  test('has what is set up, and leaves out what nobody can be asked for', async () => {
    await seedProvider(mcp.deps, mcp.provider.origin, { api_base_url: '' }, 'without-api')
    await seedProvider(mcp.deps, mcp.provider.origin, {}, 'without-client')
    await mcp.deps.db.write(({ trx }) =>
      trx.updateTable('provider').set({ client_id: null }).where('provider_name', '=', 'without-client').execute(),
    )
    const client = await mcp.client('v1')
    const [tool] = (await client.list()).filter(({ name }) => name === 'acme_request')
    expect(tool?.description).toContain('No account is connected yet')
    expect(await apiTools(client)).toEqual(['acme_request'])
  })

  test('is what the policy says, for every caller', async () => {
    const [own, other] = [await mcp.agent(), await mcp.agent()]
    const ids = {
      ofOther: await seedConnection(mcp.deps, other.agent_id, mcp.provider.issue(mcp.deps.now() + 3_600_000)),
      forAll: await ofPerson(),
      forOwn: await ofPerson(),
      forOther: await ofPerson(),
      elsewhere: await ofPerson({ org_id: 'org_elsewhere' }),
      failed: await ofPerson({ status: 'failed', reason: 'reauth_required' }),
      pending: await ofPerson({ status: 'pending', tokens_sealed: null }),
    }
    await grant(ids.forOwn, own.agent_id)
    await grant(ids.forOther, other.agent_id)
    await grant(ids.ofOther, own.agent_id)
    const person = await mcp.person({ name: 'Bob', email: 'bob@person.example' })
    const key = await mcp.admin('POST', '/api-keys', { user_id: person.id, name: 'x', scopes: ['connections'] })
    const seen: string[][] = []
    for (const bearer of [await mcp.bearerOf(own), await mcp.bearerOf(other), `Bearer ${key.body.api_key}`]) {
      const listed = await mcp.request('/v1/connections', { headers: { authorization: bearer } })
      const client = await mcp.client('v2 as of 2026', { bearer })
      const usable = listed.body.data.filter(({ status }: { status: string }) => status !== 'pending')
      const expected = usable.map(({ connection_id }: { connection_id: string }) => connection_id.slice(-8))
      const tools = (await apiTools(client)).filter((name) => name !== 'acme_request')
      expect(tools.map((name) => name.slice(-8)).sort()).toEqual(expected.sort())
      seen.push(expected)
    }
    expect(seen.map(({ length }) => length)).toEqual([4, 4, 5])
  })

  test('tells what a grant leaves, and the call holds to it', async () => {
    const agent = await mcp.agent()
    const id = await ofPerson()
    await grant(id, agent.agent_id, { methods: '["GET","HEAD"]', path_prefix: '/repos' })
    const client = await mcp.client('v2 as of 2026', { bearer: await mcp.bearerOf(agent) })
    const [tool] = (await client.list()).filter(({ name }) => name === 'acme_request')
    expect(tool?.annotations.readOnlyHint).toBe(true)
    expect(tool?.description).toContain('GET, HEAD at /repos and below')
    const before = calls.length
    for (const args of [{ path: '/user' }, { path: '/repos', method: 'POST' }, { path: '/repositories' }]) {
      const { said, isError } = await client.call('acme_request', args)
      expect([isError, said.error]).toEqual([true, 'forbidden'])
    }
    expect(calls.length).toBe(before)
    expect((await client.call('acme_request', { path: '/repos/1' })).said.status).toBe(200)
  })

  test('has nothing of other organizations, nor of other agents’ grants, by whatever name', async () => {
    const foreign = await ofPerson({ org_id: 'org_elsewhere' })
    const others = await ofPerson()
    await grant(others, (await mcp.agent()).agent_id)
    const client = await mcp.client('v2 as of 2026')
    const before = calls.length
    for (const id of [foreign, others]) {
      expect(await names(client)).not.toContain(`acme_request_${id.slice(-8)}`)
      const byTool = await client.call(`acme_request_${id.slice(-8)}`, { path: '/' })
      const byId = await client.call('acme_request', { path: '/', connection_id: id })
      expect([byTool.said.error, byId.said.error]).toEqual(['not_found', 'not_found'])
      expect((await client.call('list_connections')).text).not.toContain(id)
    }
    expect(calls.length).toBe(before)
  })
})
