import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { grantPromotion } from '../src/accounts/credits.ts'
import { readConfig } from '../src/config.ts'
import { createLogger } from '../src/http/log.ts'
import { sweepReservations } from '../src/models/fuel/reservations.ts'
import { openWorld, type World } from '../src/world.ts'
import { broken, callOf, cents, reserve, settleNow, spend, standingOf } from './fuel-calls.ts'
import { DATABASES, freshDatabase } from './harness.ts'
import { eventually, runProgram, serverEnv, spawnServer } from './spawned-server.ts'

const LEASE_MS = 46_000

describe.each(DATABASES)('processes that share a %s database', (kind) => {
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let world: World
  let people = 0
  /** How far the clock of this process is ahead. */
  let ahead = 0
  beforeAll(async () => {
    database = await freshDatabase(kind)
    const config = readConfig(serverEnv(database.url))
    world = await openWorld(config, { log: createLogger('silent'), now: () => Date.now() + ahead })
  })
  afterAll(async () => {
    await world?.close()
    await database?.drop()
  })

  const program = (...args: (string | number)[]) =>
    runProgram({ file: '../test/fuel-process.ts', args: args.map(String) }, serverEnv(database.url))

  async function said(running: ReturnType<typeof program>) {
    const { code } = await running.exited
    if (code !== 0) throw new Error(`${code}: ${running.stderr()}`)
    return JSON.parse(running.stdout())
  }

  /** `given`: by an app, beside what was paid for. */
  async function personWith(amount: number, given = 0): Promise<string> {
    const { db, orgId } = world.deps
    const userId = `user_${people++}`
    await db.write(async (work) => {
      const { trx } = work
      const row = { user_id: userId, org_id: orgId, email: `${userId}@x.example`, name: 'P', created_at: 0 }
      await trx.insertInto('person').values(row).execute()
      await trx
        .insertInto('ledger_entry')
        .values({
          entry_id: `entry_${userId}`,
          user_id: userId,
          client_id: null,
          kind: 'credit',
          amount_nano: amount,
          reason: null,
          actor: 'test',
          at: 0,
          usage_id: null,
          lot_id: null,
        })
        .execute()
      await trx.insertInto('balance').values({ user_id: userId, balance_nano: amount, reserved_nano: 0 }).execute()
      const promotion = { userId, clientId: 'app', orgId, cents: given, expireIn: 86_400, excludedModels: '[]' }
      await grantPromotion(world.deps, work, promotion, world.deps.now())
    })
    return userId
  }

  test.each([
    [7, 0],
    [3, 4],
  ])(
    'let as many calls begin as the credits cover: seven (%i paid for, %i given), of two hundred at four of them',
    async (paid, given) => {
      const userId = await personWith(cents(paid), given)
      const told = await Promise.all(Array.from({ length: 4 }, () => said(program('reserve', userId, 50, cents(1)))))
      expect(told.reduce((sum, { reserved }) => sum + reserved, 0)).toBe(7)
      expect(new Set(told.flatMap(({ refused }) => refused))).toEqual(new Set(['insufficient_credits']))
      const standing = await standingOf(world.deps, userId)
      expect(broken(standing)).toEqual([])
      expect(standing).toMatchObject({ balance: cents(7), reserved: cents(7), reservations: 7, lots: cents(given) })
    },
    60_000,
  )

  test.each([
    ['paid for', 100, 0],
    ['given by an app', 0, 100],
  ])(
    'settle what one leaves behind that is killed, once, for what it had metered, %s',
    async (_how, paid, given) => {
      const userId = await personWith(cents(paid), given)
      const doomed = program('stream', userId, cents(60), cents(25))
      await eventually(async () => {
        const row = await world.deps.db.read
          .selectFrom('reservation')
          .select('metered_nano')
          .where('user_id', '=', userId)
          .executeTakeFirst()
        return row?.metered_nano === cents(25)
      }, 20_000)
      doomed.signal('SIGKILL')
      await doomed.exited

      expect(await sweepReservations(world.deps)).toBe(0)
      expect(await standingOf(world.deps, userId)).toMatchObject({ balance: cents(100), reserved: cents(60) })
      ahead += LEASE_MS
      const swept = await Promise.all([1, 2, 3, 4].map(() => sweepReservations(world.deps)))
      expect(swept.reduce((a, b) => a + b)).toBeGreaterThanOrEqual(1)
      const standing = await standingOf(world.deps, userId)
      expect(broken(standing)).toEqual([])
      expect(standing).toMatchObject({ balance: cents(75), reserved: 0, reservations: 0, calls: 1, charges: 1 })
      expect(standing.lots).toBe(given === 0 ? 0 : cents(75))
      ahead = 0
    },
    60_000,
  )

  test('see what one of them set aside that was killed in the moment in which it was told so', async () => {
    const userId = await personWith(cents(10))
    for (const reserved of [cents(1), cents(2), cents(3)]) {
      await program('die', userId, cents(1)).exited
      expect(await standingOf(world.deps, userId)).toMatchObject({ balance: cents(10), reserved })
    }
    ahead += LEASE_MS
    await sweepReservations(world.deps)
    ahead = 0
    const standing = await standingOf(world.deps, userId)
    expect([broken(standing), standing.reserved, standing.calls]).toEqual([[], 0, 3])
  })

  test('sweep by the clock, and leave one process to win', async () => {
    const userId = await personWith(cents(10))
    ahead = -LEASE_MS
    const left = await Promise.all(Array.from({ length: 20 }, () => reserve(world.deps, callOf(userId), cents(0.5))))
    ahead = 0
    const told = await Promise.all([said(program('sweep')), said(program('sweep')), sweepReservations(world.deps)])
    expect(told.reduce((sum, count) => sum + count, 0)).toBe(20)
    expect(await standingOf(world.deps, userId)).toMatchObject({ balance: cents(10), reserved: 0, calls: 20, costs: 0 })
    const [first] = left
    if (first) expect(await settleNow(world.deps, first, cents(0.5))).toMatchObject({ chargedNano: cents(0.5) })
  }, 60_000)

  test('are swept by a server that runs, without being asked', async () => {
    const userId = await personWith(cents(10))
    ahead = -LEASE_MS
    await reserve(world.deps, callOf(userId), cents(4))
    ahead = 0
    const server = await spawnServer(database.url)
    await eventually(async () => (await standingOf(world.deps, userId)).reserved === 0, 40_000)
    expect(broken(await standingOf(world.deps, userId))).toEqual([])
    await server.stop()
  }, 60_000)

  test('go on through calls of many at once', async () => {
    const userId = await personWith(cents(50))
    const calls = Array.from({ length: 100 }, () => spend(world.deps, callOf(userId), cents(1)).catch(() => undefined))
    const reserving = said(program('reserve', userId, 30, cents(1)))
    const went = (await Promise.all(calls)).filter(Boolean).length
    const { reserved } = await reserving
    const standing = await standingOf(world.deps, userId)
    expect(broken(standing)).toEqual([])
    expect(standing).toMatchObject({ balance: cents(50 - went), reserved: cents(reserved), calls: went })
  }, 60_000)
})
