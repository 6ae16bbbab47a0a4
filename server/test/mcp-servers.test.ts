import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readConfig } from '../src/config.ts'
import { type ConnectionsServer, startConnections } from './connection-flows.ts'
import { ADMIN_KEY, type Browser, DATABASES } from './harness.ts'
import { type McpUpstream, startMcpUpstream } from './mcp-upstream.ts'
import { newTenant, type Tenant } from './tenancy.ts'

const CANARY = 'canary-header-value-0123456789'
const directory = mkdtempSync(join(tmpdir(), 'mcp-programs-'))
const PROGRAM = join(directory, 'mcp-program')
const SILENT = join(directory, 'mcp-silent')
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** An MCP server as a program, that says what it has of its surroundings, and leaves a child behind. */
writeFileSync(
  PROGRAM,
  `#!${process.execPath}
const { spawn } = require('node:child_process')
const { writeFileSync } = require('node:fs')
const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })
writeFileSync(process.argv[2], JSON.stringify({ pids: [process.pid, child.pid], env: Object.keys(process.env), home: process.env.HOME }))
const say = (id, result) => console.log(JSON.stringify({ jsonrpc: '2.0', id, result }))
console.log('for people')
let text = ''
process.stdin.on('data', (piece) => {
  text += piece
  for (let end = text.indexOf('\\n'); end >= 0; end = text.indexOf('\\n')) {
    const { id, method, params } = JSON.parse(text.slice(0, end))
    text = text.slice(end + 1)
    if (method === 'initialize') say(id, { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'program', version: '1' } })
    if (method === 'tools/list') say(id, { tools: [{ name: 'run', description: 'says ' + process.env.TOKEN, inputSchema: {} }] })
  }
})
`,
)
writeFileSync(SILENT, `#!${process.execPath}\nprocess.on('SIGTERM', () => {}); setInterval(() => {}, 1000)\n`)
for (const file of [PROGRAM, SILENT]) chmodSync(file, 0o755)

test.each(['npx', './mcp', '/usr/bin/../bin/mcp', '/ok,mcp'])('%s is no list of programs', (listed) => {
  expect(() => readConfig({ MCP_STDIO_COMMANDS: listed, PORT: 'x' })).toThrow(
    expect.objectContaining({
      faults: [expect.stringMatching(/^PORT /), expect.stringMatching(/^MCP_STDIO_COMMANDS must be absolute paths/)],
    }),
  )
})

describe.each(DATABASES)('MCP servers on %s', (kind) => {
  let server: ConnectionsServer
  let upstream: McpUpstream
  let alpha: Tenant
  let beta: Tenant
  let names = 0
  const name = () => `server ${++names}`

  beforeAll(async () => {
    server = await startConnections(kind, { MCP_STDIO_COMMANDS: `${PROGRAM}, ${SILENT}` })
    upstream = await startMcpUpstream()
    alpha = await newTenant(server, 'Alpha')
    beta = await newTenant(server, 'Beta')
  }, 60_000)
  afterAll(async () => {
    await upstream?.stop()
    await server?.stop()
  })
  beforeEach(() => upstream.reset())

  const add = async (body: object = {}, by: Browser = alpha.admin) => {
    const answer = await by.send('POST', '/api/v1/mcp/servers', {
      name: name(),
      transport: 'streamable-http',
      url: upstream.url,
      ...body,
    })
    if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`)
    return answer.body
  }
  const put = (id: string, body: object, by: Browser = alpha.admin) => by.send('PUT', `/api/v1/mcp/servers/${id}`, body)
  const get = (id: string, by: Browser = alpha.admin) => by.get(`/api/v1/mcp/servers/${id}`)
  const check = async (id: string, by: Browser = alpha.admin) =>
    (await by.send('POST', `/api/v1/mcp/servers/${id}/test`)).body
  const events = async (target: string) => {
    const { body } = await alpha.admin.get('/api/audit-log?limit=200')
    return body.data.filter((event: { target: string }) => event.target === target)
  }
  const operator = (method: string, path: string, body?: object) =>
    server.call(method, path, { token: ADMIN_KEY, ...(body && { body }) })

  test('a transport that is left out, or called as clients call it, is the one that the rest tells', async () => {
    const transportOf = async (body: object) => (await add({ transport: undefined, ...body })).transport
    expect(await transportOf({})).toBe('streamable-http')
    expect(await transportOf({ transport: 'http' })).toBe('streamable-http')
    const program = { name: name(), command: PROGRAM }
    const made = await operator('POST', '/api/v1/mcp/servers', program)
    expect([made.status, made.body.transport]).toEqual([201, 'stdio'])
  })

  test('an administrator adds, reads, changes and takes away; secrets are written only', async () => {
    const made = await add({ headers: { 'X-Api-Key': CANARY, 'X-Tenant': 'alpha' }, timeout_ms: 5000 })
    expect(made).toMatchObject({
      id: expect.stringMatching(/^mcp_[0-9a-z]{26}$/),
      transport: 'streamable-http',
      url: upstream.url,
      auth: 'headers',
      header_names: ['X-Api-Key', 'X-Tenant'],
      enabled: true,
      status: 'ready',
      timeout_ms: 5000,
    })
    const read = await get(made.id)
    expect(read.body).toEqual(made)
    const list = await alpha.admin.get('/api/v1/mcp/servers')
    expect(list.body.data).toContainEqual(made)
    expect([JSON.stringify(made), read.text, list.text].join()).not.toContain(CANARY)

    // What is read can be sent back as it is.
    const kept = await put(made.id, { ...read.body, name: 'renamed', enabled: false })
    expect(kept.body).toMatchObject({ name: 'renamed', status: 'disabled', header_names: ['X-Api-Key', 'X-Tenant'] })
    const less = await put(made.id, { ...kept.body, enabled: true, headers: { 'X-Api-Key': null } })
    expect(less.body).toMatchObject({ header_names: ['X-Api-Key'] })
    expect(await check(made.id)).toMatchObject({ ok: true })
    expect(upstream.seen[0]?.headers).toMatchObject({ 'x-api-key': CANARY })
    expect(upstream.seen[0]?.headers).not.toHaveProperty('x-tenant')

    expect((await alpha.admin.send('DELETE', `/api/v1/mcp/servers/${made.id}`)).status).toBe(204)
    expect((await get(made.id)).status).toBe(404)
    expect((await events(made.id)).map(({ action }: { action: string }) => action).reverse()).toEqual([
      'mcp_server.created',
      'mcp_server.updated',
      'mcp_server.updated',
      'mcp_server.tested',
      'mcp_server.deleted',
    ])
  })

  test('a name is good once in an organization, and again in another one', async () => {
    const one = await add({ name: 'Docs' })
    const again = await alpha.admin.send('POST', '/api/v1/mcp/servers', { ...one, headers: {} })
    expect([again.status, again.body.error]).toEqual([409, 'conflict'])
    const other = await add({})
    expect((await put(other.id, { ...other, name: 'Docs' })).status).toBe(409)
    expect((await add({ name: 'Docs' }, beta.admin)).name).toBe('Docs')
  })

  test('of those who take a name at once, one has it', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => add({}, beta.admin)))
    const taken = await Promise.all(all.map((one) => put(one.id, { ...one, name: 'Wanted' }, beta.admin)))
    expect(taken.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(409)])
    const given = await Promise.all(
      Array.from({ length: 8 }, () => beta.admin.send('POST', '/api/v1/mcp/servers', { ...all[0], name: 'New' })),
    )
    expect(given.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(409)])
  })

  test('members look on and see no more than they need; nobody else of another organization sees it at all', async () => {
    const made = await add({ url: `${upstream.url}?key=${CANARY}`, headers: { 'X-Api-Key': CANARY } })
    expect(made.url).toContain(CANARY)
    for (const by of [alpha.member, alpha.viewer]) {
      const { body, status, text } = await get(made.id, by)
      expect([status, Object.keys(body).sort()]).toEqual([
        200,
        ['auth', 'id', 'name', 'status', 'tested_at', 'transport', 'url'],
      ])
      expect(text).not.toContain(CANARY)
      expect((await by.get('/api/v1/mcp/servers?limit=200')).text).not.toContain(CANARY)
      for (const [method, path, given] of [
        ['POST', '', { name: 'x', transport: 'sse', url: upstream.sse }],
        ['PUT', `/${made.id}`, { name: 'x', transport: 'sse', url: upstream.sse }],
        ['DELETE', `/${made.id}`, undefined],
        ['DELETE', `/${made.id}/authorization`, undefined],
        ['POST', `/${made.id}/test`, undefined],
      ] as const)
        expect([method, (await by.send(method, `/api/v1/mcp/servers${path}`, given)).status]).toEqual([method, 403])
      expect((await by.get(`/api/mcp/oauth/${made.id}/start`)).status).toBe(403)
    }
    for (const [method, path] of [
      ['GET', ''],
      ['PUT', ''],
      ['DELETE', ''],
      ['DELETE', '/authorization'],
      ['POST', '/test'],
    ] as const) {
      const body = method === 'PUT' ? { name: 'x', transport: 'sse', url: upstream.sse } : undefined
      const answer = await beta.admin.send(method, `/api/v1/mcp/servers/${made.id}${path}`, body)
      expect([method, path, answer.status]).toEqual([method, path, 404])
    }
    expect((await beta.admin.get(`/api/mcp/oauth/${made.id}/start`)).status).toBe(404)
    expect((await beta.admin.get('/api/v1/mcp/servers?limit=200')).text).not.toContain(made.id)
    expect((await get(made.id)).body).toEqual(made)
  })

  test('agents of the organization list and read them, and do nothing else', async () => {
    const made = await operator('POST', '/api/v1/mcp/servers', {
      name: name(),
      transport: 'streamable-http',
      url: upstream.url,
      headers: { 'X-Api-Key': CANARY },
    })
    expect(made.status).toBe(201)
    const { token } = await server.makeAgent()
    const list = await server.call('GET', '/api/v1/mcp/servers', { token })
    expect(list.body.data.map(({ id }: { id: string }) => id)).toContain(made.body.id)
    expect(list.text).not.toMatch(/header_names|canary/)
    expect((await server.call('GET', `/api/v1/mcp/servers/${made.body.id}`, { token })).status).toBe(200)
    const foreign = await add({}, beta.admin)
    expect((await server.call('GET', `/api/v1/mcp/servers/${foreign.id}`, { token })).status).toBe(404)
    for (const [method, path] of [
      ['POST', `/api/v1/mcp/servers/${made.body.id}/test`],
      ['DELETE', `/api/v1/mcp/servers/${made.body.id}`],
      ['GET', `/api/mcp/oauth/${made.body.id}/start`],
    ] as const)
      expect([method, (await server.call(method, path, { token })).status]).toEqual([method, 403])
    // The operator acts for the first organization, and for no other.
    expect((await operator('GET', `/api/v1/mcp/servers/${foreign.id}`)).status).toBe(404)
    expect((await operator('GET', '/api/v1/mcp/servers?limit=200')).text).not.toContain(foreign.id)
  })

  test.each<[string, object, string]>([
    ['a private address', { url: 'https://10.0.0.7/mcp' }, 'url'],
    ['the metadata of a cloud', { url: 'https://169.254.169.254/latest/meta-data' }, 'url'],
    ['an IPv6 loopback', { url: 'https://[::1]:9/mcp' }, 'url'],
    ['an address in another spelling', { url: 'https://0x7f000002/mcp' }, 'url'],
    ['http to the world', { url: 'http://example.com/mcp' }, 'url'],
    ['credentials in the URL', { url: 'https://a:b@example.com/mcp' }, 'url'],
    ['another scheme', { url: 'file:///etc/passwd' }, 'url'],
    ['no URL', { url: undefined }, 'url'],
    ['a header that the protocol sets', { headers: { Host: 'x' } }, 'headers.Host'],
    ['a header that is two', { headers: { 'X-A': 'a\r\nX-B: b' } }, 'headers.X-A'],
    ['headers without any', { auth: 'headers' }, 'headers'],
    [
      'an authorization server at a private address',
      { oauth: { authorization_server: 'https://192.168.1.1' } },
      'oauth.authorization_server',
    ],
    ['a secret without a client', { oauth: { client_secret: 'x' } }, 'oauth.client_id'],
    ['a command by HTTP', { command: '/bin/sh' }, 'command'],
    ['a transport that is none', { transport: 'smtp' }, 'transport'],
    ['no name', { name: ' ' }, 'name'],
  ])('%s is refused, by the field at fault', async (_, body, field) => {
    const { status, body: said } = await alpha.admin.send('POST', '/api/v1/mcp/servers', {
      name: name(),
      transport: 'streamable-http',
      url: upstream.url,
      ...body,
    })
    expect([status, said.error, Object.keys(said.fields)]).toEqual([422, 'validation_failed', [field]])
  })

  test('a secret that is left out goes nowhere but where it went', async () => {
    const made = await add({ headers: { 'X-Api-Key': CANARY } })
    const elsewhere = 'https://example.com/mcp'
    for (const headers of [undefined, { 'X-Api-Key': null }]) {
      const moved = await put(made.id, { ...made, url: elsewhere, ...(headers && { headers }) })
      expect([moved.status, Object.keys(moved.body.fields)]).toEqual([422, ['headers.X-Api-Key']])
    }
    expect((await put(made.id, { ...made, url: `${upstream.origin}/other` })).body.header_names).toEqual(['X-Api-Key'])
    const emptied = await put(made.id, { ...made, auth: 'none', url: elsewhere, headers: {} })
    expect(emptied.body).toMatchObject({ url: elsewhere, header_names: [] })

    const oauth = { client_id: 'ours', client_secret: CANARY }
    const other = await add({ auth: 'oauth', oauth })
    expect(other.oauth).toEqual({ client_id: 'ours', has_client_secret: true })
    for (const change of [
      { url: elsewhere },
      { oauth: { client_id: 'ours', authorization_server: 'https://example.com' } },
    ])
      expect((await put(other.id, { ...other, ...change })).body.fields).toEqual({
        'oauth.client_secret': expect.stringContaining('again'),
      })
    expect((await put(other.id, { ...other, name: name() })).body.oauth.has_client_secret).toBe(true)
    expect((await put(other.id, { ...other, oauth: { client_id: 'another' } })).body.oauth.has_client_secret).toBe(
      false,
    )
  })

  test('a test connects for real, by either transport, and what it found is listed', async () => {
    for (const [transport, url] of [
      ['streamable-http', upstream.url],
      ['sse', upstream.sse],
    ]) {
      const made = await add({ transport, url })
      const result = await check(made.id)
      expect(result).toEqual({
        ok: true,
        protocol_version: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
        server_info: { name: 'upstream', version: '3.2.1' },
        tools: [{ name: 'search', description: 'Looks for things' }],
        duration_ms: expect.any(Number),
      })
      const { body } = await get(made.id, alpha.viewer)
      expect(body).toMatchObject({ tools: result.tools, tested_at: expect.any(String) })
      expect((await put(made.id, { ...made, url: `${upstream.origin}/other` })).body).not.toHaveProperty('tools')
    }
    // It says goodbye.
    expect(upstream.sessions.size).toBe(0)
  })

  test.each<[string, (up: McpUpstream) => void, string]>([
    ['asks for authorization', (up) => (up.behaviour.lets = () => false), 'unauthorized'],
    ['is not there', (up) => (up.behaviour.override = () => ({ status: 404 })), 'not_found'],
    [
      'sends us elsewhere',
      (up) => (up.behaviour.override = () => ({ status: 302, headers: { location: 'http://169.254.169.254/' } })),
      'redirected',
    ],
    ['breaks', (up) => (up.behaviour.override = () => ({ status: 500, body: CANARY })), 'http_error'],
    ['answers a page', (up) => (up.behaviour.override = () => ({ status: 200, body: '<html>' })), 'protocol_error'],
    [
      'refuses by JSON-RPC',
      (up) =>
        (up.behaviour.override = () => ({
          status: 200,
          headers: { 'content-type': 'application/json' },
          body: `{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"${CANARY}"}}`,
        })),
      'rpc_error',
    ],
    [
      'speaks another version',
      (up) =>
        (up.behaviour.override = () => ({
          status: 200,
          headers: { 'content-type': 'application/json' },
          body: '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"1999-01-01","capabilities":{}}}',
        })),
      'version_unsupported',
    ],
    [
      'sends too much',
      (up) => (up.behaviour.override = () => ({ status: 200, body: ' '.repeat(5 * 1024 * 1024) })),
      'too_large',
    ],
    [
      'streams an event that is too large',
      (up) =>
        (up.behaviour.override = () => ({
          status: 200,
          headers: { 'content-type': 'text/event-stream' },
          body: `data: ${'x'.repeat(5 * 1024 * 1024)}\n\n`,
        })),
      'too_large',
    ],
  ])('of a server that %s, a test says what to do', async (_, bend, code) => {
    const made = await add({ headers: { 'X-Api-Key': CANARY } })
    bend(upstream)
    const { status, body, text } = await alpha.admin.send('POST', `/api/v1/mcp/servers/${made.id}/test`)
    expect([status, body]).toEqual([
      200,
      { ok: false, error: { code, message: expect.stringMatching(/^[A-Z].{20}/) }, duration_ms: expect.any(Number) },
    ])
    expect(text).not.toContain(CANARY)
    const [event] = await events(made.id)
    expect(event).toMatchObject({ action: 'mcp_server.tested', detail: { ok: false, error: code } })
  })

  test('of a server that cannot be reached, or falls silent, too', async () => {
    expect(await check((await add({ url: 'http://127.0.0.1:1/mcp' })).id)).toMatchObject({
      error: { code: 'unreachable' },
    })
    const silent = await add({ timeout_ms: 500 })
    upstream.behaviour.lets = () => new Promise(() => {})
    expect(await check(silent.id)).toMatchObject({ ok: false, error: { code: 'timeout' } })
  })

  test('the stream of 2024 leads to its own origin only', async () => {
    const made = await add({ transport: 'sse', url: upstream.sse, headers: { 'X-Api-Key': CANARY } })
    const body = 'event: endpoint\ndata: http://localhost:1/steal\n\n'
    upstream.behaviour.override = () => ({ status: 200, headers: { 'content-type': 'text/event-stream' }, body })
    expect(await check(made.id)).toMatchObject({ error: { code: 'redirected' } })
  })

  test('of a list without end, what is shown has one; and so have tests', async () => {
    const made = await add()
    upstream.behaviour.tools = Array.from({ length: 600 }, (_, at) => ({
      name: `tool-${at}`,
      description: 'x'.repeat(3000),
    }))
    const { tools } = await check(made.id)
    expect([tools.length, tools[0].description.length]).toEqual([500, 2000])
    const listed = (await get(made.id)).body.tools
    expect([listed.length, listed[0].description.length]).toEqual([200, 300])
    upstream.behaviour.override = () => ({ status: 404 })
    const statuses = []
    for (let times = 0; times < 61; times++)
      statuses.push((await alpha.admin.send('POST', `/api/v1/mcp/servers/${made.id}/test`)).status)
    expect(statuses.at(-1)).toBe(429)
  })

  test('what it says with our secrets in it comes without them', async () => {
    const made = await add({ headers: { 'X-Api-Key': CANARY } })
    upstream.behaviour.tools = [
      { name: `tool-${CANARY}`, description: `${'x'.repeat(1990)}${CANARY}` },
      { name: 'encoded', description: `in base64 ${Buffer.from(`key=${CANARY}`).toString('base64')}` },
    ]
    const result = JSON.stringify(await check(made.id))
    expect(result).not.toMatch(/canary|Y2FuYXJ5/)
    expect((await get(made.id)).text).not.toMatch(/canary|Y2FuYXJ5/)
  })

  describe('as programs', () => {
    const notes = join(directory, `notes-${kind}`)
    const program = (body: object = {}) =>
      operator('POST', '/api/v1/mcp/servers', {
        name: name(),
        transport: 'stdio',
        command: PROGRAM,
        args: [notes],
        env: { TOKEN: CANARY },
        ...body,
      })
    const run = async (id: string) => (await operator('POST', `/api/v1/mcp/servers/${id}/test`)).body

    test('those that the operator lists are run, with an environment of their own, and ended with all they started', async () => {
      const { status, body: made, text } = await program()
      expect([status, made.env_names, made.command]).toEqual([201, ['TOKEN'], PROGRAM])
      expect(text).not.toContain(CANARY)
      const result = await run(made.id)
      expect(result).toMatchObject({ ok: true, server_info: { name: 'program' }, tools: [{ name: 'run' }] })
      expect(JSON.stringify(result)).not.toContain(CANARY)
      const { pids, env, home } = JSON.parse(readFileSync(notes, 'utf8'))
      for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow()
      expect(env).toContain('TOKEN')
      expect(env.filter((key: string) => /KEY|SECRET|DATABASE|VITEST|NODE_ENV/.test(key))).toEqual([])
      expect(home).not.toBe(process.env.HOME)
    })

    test('what is not listed, and what would have another program run, is refused', async () => {
      for (const [body, field] of [
        [{ command: '/bin/sh' }, 'command'],
        [{ command: `${PROGRAM} --x` }, 'command'],
        [{ command: `${directory}/../${directory}/mcp-program` }, 'command'],
        [{ command: undefined }, 'command'],
        [{ url: upstream.url }, 'url'],
        [{ auth: 'oauth' }, 'auth'],
        [{ env: { LD_PRELOAD: '/x.so' } }, 'env.LD_PRELOAD'],
        [{ env: { NODE_OPTIONS: '--require x' } }, 'env.NODE_OPTIONS'],
      ] as const) {
        const { status, body: said } = await program(body)
        expect([field, status, Object.keys(said.fields ?? {})]).toEqual([field, 422, [field]])
      }
    })

    test('they are for the organization that runs this server', async () => {
      const { status, body } = await beta.admin.send('POST', '/api/v1/mcp/servers', {
        name: name(),
        transport: 'stdio',
        command: PROGRAM,
      })
      expect([status, Object.keys(body.fields)]).toEqual([422, ['transport']])
    })

    test('one that says nothing is ended', async () => {
      const { body: made } = await program({ command: SILENT, args: [], timeout_ms: 500 })
      expect(await run(made.id)).toMatchObject({ ok: false, error: { code: 'timeout' } })
    })
  })

  test('no secret stands in the log, the audit log, or the database', async () => {
    await add({ headers: { 'X-Api-Key': CANARY }, auth: 'headers' })
    expect(server.logged.join('\n')).not.toContain('canary-')
    for (const tenant of [alpha.admin, beta.admin])
      expect((await tenant.get('/api/audit-log/export?format=json')).text).not.toContain('canary-')
    const { read } = server.deps.db
    const rows = await read.selectFrom('mcp_server').selectAll().execute()
    expect(rows.length).toBeGreaterThan(5)
    // In the query of a URL that an administrator entered, it is no secret of ours to keep.
    expect(
      JSON.stringify(rows.map((row) => ({ ...row, settings: row.settings.replace(/\?key=[^"]*/, '') }))),
    ).not.toContain('canary-')
  })
})
