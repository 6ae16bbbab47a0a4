import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readConfig } from '../src/config.ts'
import { changeSealed, countSealed } from '../src/master-key-change.ts'
import { SEALED_COLUMNS } from '../src/sealed-columns.ts'
import { openWorld, type World } from '../src/world.ts'
import { ADMIN_KEY, DATABASES, ISSUER, startServer, type TestServer } from './harness.ts'

const OLD = `m1:${Buffer.alloc(32, 7).toString('base64')}`
const NEW = `m2:${Buffer.alloc(32, 8).toString('base64')}`

describe.each(DATABASES)('a change of master keys, on %s', (kind) => {
  let server: TestServer
  const worlds: World[] = []
  beforeEach(async () => {
    server = await startServer(kind)
    const [client, agent] = [await server.client(), await server.agent()]
    const ada = await server.person({ name: 'Owner', email: 'owner@example.com' })
    await ada.send('POST', '/api/connections/api-key', { provider_name: 'openai', api_key: 'sk-upstream' })
    await server.admin('POST', '/providers', { name: 'github', client_id: 'id', client_secret: 'secret-of-github' })
    for (let at = 0; at < 3; at++) {
      const { refresh_token } = await server.tokens(client, agent)
      await server.refresh(client, refresh_token)
      await server.person({ name: 'Ada', email: `ada${at}@example.com` })
    }
    return () => server.stop()
  })
  afterEach(async () => {
    for (const world of worlds.splice(0)) await world.close()
  })

  /** The same database under other keys. */
  async function open(masterKeys: string): Promise<World['deps']> {
    const env = { ISSUER, DATABASE_URL: server.databaseUrl, MASTER_KEYS: masterKeys, ADMIN_API_KEY: ADMIN_KEY }
    const world = await openWorld(readConfig({ ...env, LOG_LEVEL: 'silent' }), { now: server.deps.now })
    worlds.push(world)
    return world.deps
  }

  const keysIn = async (deps: World['deps']) => {
    const counts = await countSealed(deps, SEALED_COLUMNS)
    return Object.fromEntries(counts.map(({ column, under }) => [column, Object.fromEntries(under)]))
  }

  test('every sealed column of the schema is known to it', async () => {
    const tables = await server.deps.db.read.introspection.getTables()
    const sealed = tables.flatMap(({ name, columns }) =>
      columns.filter((column) => column.name.endsWith('_sealed')).map((column) => `${name}.${column.name}`),
    )
    expect(SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`).sort()).toEqual(sealed.sort())
  })

  test.each(['rewrap', 'reencrypt'] as const)(
    '%s brings everything under the first key, and the old one can go',
    async (how) => {
      const deps = await open(`${NEW},${OLD}`)
      const before = await keysIn(deps)
      expect(before['signing_key.private_sealed']).toEqual({ m1: 1 })
      expect(before['refresh_token.replay_sealed']).toEqual({ m1: 3 })
      expect(before['mail.body_sealed']).toEqual({ m1: 4 })
      expect(before['connection.tokens_sealed']).toEqual({ m1: 1 })
      expect(before['provider.client_secret_sealed']).toEqual({ m1: 1 })
      const tried = await changeSealed(deps, SEALED_COLUMNS, how, { dryRun: true })
      expect(tried.reduce((sum, { changed }) => sum + changed, 0)).toBeGreaterThanOrEqual(7)
      expect(await keysIn(deps)).toEqual(before)

      await changeSealed(deps, SEALED_COLUMNS, how, { dryRun: false })
      for (const under of Object.values(await keysIn(deps))) expect(Object.keys(under)).not.toContain('m1')
      const alone = await open(NEW)
      expect(alone.signingKeys.current().kid).toBe(server.deps.signingKeys.current().kid)
    },
  )

  test('what a server writes meanwhile is not taken back', async () => {
    const deps = await open(`${NEW},${OLD}`)
    const { write } = deps.db
    let raced = 0
    const racing = {
      ...deps,
      db: {
        ...deps.db,
        write: (async (unit) => {
          // Somebody seals the same row anew between our read and our write.
          if (raced++ === 0)
            await write(async ({ trx }) => {
              const row = await trx.selectFrom('signing_key').selectAll().executeTakeFirstOrThrow()
              const record = `signing_key.private_sealed:${row.kid}`
              const private_sealed = deps.ring.seal(deps.ring.unseal(row.private_sealed, record), record)
              await trx.updateTable('signing_key').set({ private_sealed }).execute()
            })
          return write(unit)
        }) as typeof write,
      },
    }
    const [first] = await changeSealed(racing, SEALED_COLUMNS, 'rewrap', { dryRun: false })
    expect(first).toEqual({ column: 'signing_key.private_sealed', changed: 0, overtaken: 1 })
  })

  test('cut off in the middle, it goes on where it was', async () => {
    const deps = await open(`${NEW},${OLD}`)
    const { write } = deps.db
    let left = 3
    const failing = {
      ...deps,
      db: {
        ...deps.db,
        write: (async (unit) => {
          if (left-- === 0) throw new Error('killed')
          return write(unit)
        }) as typeof write,
      },
    }
    await expect(changeSealed(failing, SEALED_COLUMNS, 'rewrap', { dryRun: false })).rejects.toThrow('killed')
    await changeSealed(deps, SEALED_COLUMNS, 'rewrap', { dryRun: false })
    for (const under of Object.values(await keysIn(deps))) expect(Object.keys(under)).not.toContain('m1')
  })

  test('a server without a key that is needed does not start', async () => {
    await expect(open(NEW)).rejects.toThrow(/master key/)
    const wrong = `m1:${Buffer.alloc(32, 9).toString('base64')}`
    await expect(open(wrong)).rejects.toThrow(/altered|master key/)
  })
})
