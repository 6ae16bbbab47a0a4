import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { signHeads } from '../src/maintenance.ts'
import { type Credentials, DATABASES, startServer, type TestServer } from './harness.ts'

describe.each(DATABASES)('the audit log on %s', (database) => {
  let server: TestServer
  let client: Credentials
  beforeEach(async () => {
    server = await startServer(database)
    client = await server.client()
    for (let n = 0; n < 3; n++) await server.tokens(client, await server.agent())
    return () => server.stop()
  })

  const verdict = async () => (await server.admin('GET', '/audit-log/verify')).body
  const db = () => server.deps.db
  /** The longest chain, oldest first. */
  async function chain() {
    const rows = await db().read.selectFrom('audit_event').selectAll().orderBy('seq').execute()
    const lengths = Map.groupBy(rows, (row) => row.chain)
    return [...lengths.values()].sort((a, b) => b.length - a.length)[0] ?? []
  }
  async function rowAt(at: number) {
    const row = (await chain()).at(at)
    if (!row) throw new Error('The chain is too short')
    return row
  }

  test('is whole as it was written', async () => {
    const { valid, events, chains, faults } = await verdict()
    expect({ valid, faults }).toEqual({ valid: true, faults: [] })
    expect(events).toBeGreaterThanOrEqual(10)
    expect(chains).toBeGreaterThanOrEqual(1)
    expect(await signHeads(server.deps)).toBe(chains)
    expect(await signHeads(server.deps)).toBe(0)
    expect(await verdict()).toMatchObject({ valid: true, signed_heads: chains })
  })

  test('can be taken along, whole and filtered', async () => {
    await Promise.all(Array.from({ length: 520 }, () => server.agent({ agent_name: '=cmd' })))
    const json = await server.admin('GET', '/audit-log/export?format=json')
    expect(json.headers.get('content-disposition')).toBe('attachment; filename="audit-log.json"')
    expect(json.body.length).toBe((await verdict()).events)
    const csv = await server.admin('GET', '/audit-log/export?action=agent.created')
    expect(csv.headers.get('content-type')).toContain('text/csv')
    const [head, ...lines] = csv.text.trimEnd().split('\r\n')
    expect(head).toBe('at,actor,action,target,client_id,agent_id,request_id,detail,chain,seq,hash')
    expect(lines).toHaveLength(523)
    expect(lines.every((line) => line.includes('agent.created'))).toBe(true)
    expect((await server.admin('GET', '/audit-log/export?format=xml')).status).toBe(422)
  })

  test('shows each organization its own, and the operator all', async () => {
    // The first person is of the first organization, which the operator works in.
    const first = await server.person({ name: 'Ada', email: 'ada@example.com' })
    const other = await server.person({ name: 'Bob', email: 'bob@example.com' })
    const events = async (path: string) => (await other.get(path)).body.data ?? (await other.get(path)).body
    for (const path of ['/api/audit-log', '/api/audit-log/export?format=json']) {
      const seen: { actor: string }[] = await events(path)
      expect(new Set(seen.map(({ actor }) => actor))).toEqual(new Set([other.id]))
    }
    expect((await first.get('/api/audit-log?action=agent.created')).body.data).toHaveLength(3)
    expect((await first.get('/api/audit-log/verify')).body.valid).toBe(true)
  })

  test('is whole after much was written at once', async () => {
    await Promise.all(Array.from({ length: 60 }, () => server.agent()))
    expect(await verdict()).toMatchObject({ valid: true })
  })

  test.each([
    ['actor', 'somebody'],
    ['action', 'agent.deleted'],
    ['detail', '{"a":1}'],
    ['at', 1],
    ['client_id', 'client_other'],
    ['org_id', 'org_other'],
    ['target', 'x'],
    ['prev_hash', 'x'],
    ['hash', 'x'],
  ] as const)('shows that a %s was changed', async (column, value) => {
    const { chain, seq } = await rowAt(1)
    const changed = await db().write(({ trx }) =>
      trx
        .updateTable('audit_event')
        .set({ [column]: value })
        .where('chain', '=', chain)
        .where('seq', '=', seq)
        .executeTakeFirst(),
    )
    expect(changed.numUpdatedRows).toBe(1n)
    const { valid, faults } = await verdict()
    expect(valid).toBe(false)
    expect(faults).toContainEqual({ chain, seq: expect.any(Number), reason: expect.any(String) })
  })

  test.each([0, 1])('shows that event %i is gone', async (at) => {
    const { chain, seq } = await rowAt(at)
    await remove(chain, seq)
    expect(await verdict()).toMatchObject({ valid: false, faults: [{ chain, seq }] })
  })

  const remove = (chain: string, fromSeq: number, toSeq = fromSeq) =>
    db().write(({ trx }) =>
      trx
        .deleteFrom('audit_event')
        .where('chain', '=', chain)
        .where('seq', '>=', fromSeq)
        .where('seq', '<=', toSeq)
        .execute(),
    )

  test('shows that its end was cut off, once that was signed', async () => {
    await signHeads(server.deps)
    const { chain, seq } = await rowAt(-1)
    await remove(chain, seq - 1, seq)
    expect(await verdict()).toMatchObject({ valid: false, faults: [{ chain, seq: seq - 1 }] })
  })

  test('shows that all of a chain was cut off', async () => {
    await signHeads(server.deps)
    const { chain, seq } = await rowAt(-1)
    await remove(chain, 1, seq)
    expect(await verdict()).toMatchObject({ valid: false })
  })

  test('shows that a signed head was made by somebody else', async () => {
    await signHeads(server.deps)
    const [head] = await db().read.selectFrom('audit_head').selectAll().execute()
    const [header, , signature] = head?.signature.split('.') ?? []
    const claims = Buffer.from(JSON.stringify({ chain: head?.chain, seq: 1, hash: 'x' })).toString('base64url')
    const forged = { seq: 1, hash: 'x', signature: `${header}.${claims}.${signature}` }
    await db().write(({ trx }) =>
      trx
        .updateTable('audit_head')
        .set(forged)
        .where('chain', '=', head?.chain ?? '')
        .execute(),
    )
    expect(await verdict()).toMatchObject({ valid: false })
  })

  test('still verifies when the key that signed it has left', async () => {
    await signHeads(server.deps)
    await server.deps.signingKeys.rotate()
    server.wait(86_400)
    expect(await verdict()).toMatchObject({ valid: true })
  })
})

describe('the audit log', () => {
  let server: TestServer
  let client: Credentials
  beforeAll(async () => {
    server = await startServer()
    client = await server.client()
  })
  afterAll(() => server.stop())

  interface Event {
    at: string
    actor: string
    action: string
    client_id: string | null
    agent_id: string | null
    request_id: string | null
  }
  const events = async (query = '') => (await server.admin('GET', `/audit-log?limit=200&${query}`)).body.data as Event[]

  test('tells a sign-in from beginning to end', async () => {
    const agent = await server.agent()
    const code = await server.code(client, agent)
    await server.exchange(client, code)
    const told = (await events()).filter(({ request_id }) => request_id === code.requestId)
    expect(told.map(({ action }) => action)).toEqual(['token.issued', 'agent.authenticated'])
    for (const event of told) expect(event).toMatchObject({ client_id: client.client_id, agent_id: agent.agent_id })
  })

  test('is filtered by actor, action, client and time', async () => {
    const before = new Date(server.deps.now()).toISOString()
    server.wait(10)
    const agent = await server.agent()
    const other = await server.client()
    await server.tokens(other, agent)
    server.wait(10)
    const after = new Date(server.deps.now()).toISOString()
    await server.tokens(other, agent)

    expect((await events(`actor=${agent.agent_id}`)).map(({ action }) => action)).toEqual(
      Array(2).fill('agent.authenticated'),
    )
    expect((await events('action=agent.created')).every(({ action }) => action === 'agent.created')).toBe(true)
    expect((await events(`client_id=${other.client_id}`)).length).toBe(5)
    expect((await events(`client_id=${other.client_id}&action=token.issued&since=${after}`)).length).toBe(1)
    expect((await events(`since=${before}&until=${after}&actor=${agent.agent_id}`)).length).toBe(1)
    expect((await events(`since=${server.deps.now() / 1000 + 1}`)).length).toBe(0)
    expect(await events('actor=nobody')).toEqual([])
    for (const query of ['since=soon', 'until=', 'limit=0', 'action=a%00b'])
      expect((await server.admin('GET', `/audit-log?${query}`)).status).toBe(422)
  })

  test('is paged newest first, each event once', async () => {
    for (let n = 0; n < 7; n++) await server.agent()
    const all = await events()
    const paged: Event[] = []
    let cursor: string | null = null
    do {
      const { body }: { body: { data: Event[]; next_cursor: string | null } } = await server.admin(
        'GET',
        `/audit-log?limit=4${cursor ? `&cursor=${cursor}` : ''}`,
      )
      paged.push(...body.data)
      cursor = body.next_cursor
    } while (cursor)
    expect(paged).toEqual(all)
    expect(all.map(({ at }) => at)).toEqual(
      all
        .map(({ at }) => at)
        .sort()
        .reverse(),
    )
    expect((await server.admin('GET', '/audit-log?cursor=nonsense')).status).toBe(400)
  })

  test('keeps failures of agents that exist, and of nobody else', async () => {
    const agent = await server.agent()
    const { requestId } = await server.browser().open(client.client_id)
    await server.authenticate(requestId, { ...agent, agent_secret: 'wrong' })
    await server.authenticate(requestId, { agent_id: 'agent_nobody', agent_secret: 'wrong' })
    const failed = await events('action=agent.authentication_failed')
    expect(failed.map(({ actor }) => actor)).toEqual([agent.agent_id])
  })
})
