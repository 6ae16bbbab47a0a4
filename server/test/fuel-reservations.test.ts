import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { hold, type Reservation, sweepReservations } from '../src/models/fuel/reservations.ts'
import { findSpendable } from '../src/storage/ledger.ts'
import { renewReservation, takeReservation } from '../src/storage/reservations.ts'
import { broken, callOf, cents, reserve, settleNow, spend, standingOf } from './fuel-calls.ts'
import { DATABASES, startServer, type TestServer } from './harness.ts'
import { eventually } from './spawned-server.ts'

/** So long after its process died, a reservation is anybody's to settle. */
const LEASE_S = 46

describe.each(DATABASES)('credits on %s', (kind) => {
  let server: TestServer
  let deps: TestServer['deps']
  let people = 0
  let userId: string
  beforeAll(async () => {
    server = await startServer(kind)
    deps = server.deps
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    userId = await personWith(100)
  })

  async function personWith(amount: number) {
    const user = await server.admin('POST', '/users', { email: `p${people++}@fuel.example`, name: 'P' })
    const { status } = await server.admin('POST', `/users/${user.body.id}/credits`, {
      amount_cents: amount,
      reason: 'test',
    })
    expect(status).toBe(201)
    return user.body.id as string
  }

  const receipts = () => deps.db.read.selectFrom('usage_record').selectAll().where('user_id', '=', userId).execute()

  test('for seven calls let seven of two hundred begin, and never fall below zero', async () => {
    const free: number[] = []
    let polling = true
    const poll = (async () => {
      while (polling) {
        free.push(await findSpendable(deps.db.read, userId))
        await nextTurn()
      }
    })()
    const tries = await Promise.allSettled(
      Array.from({ length: 200 }, () => reserve(deps, callOf(userId), Math.floor(cents(100) / 7))),
    ).finally(() => {
      polling = false
    })
    await poll
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(7)
    for (const one of tries)
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'insufficient_credits', status: 402 })
    expect(free.length).toBeGreaterThan(0)
    expect(free.filter((nano) => nano < 0)).toEqual([])
    const standing = await standingOf(deps, userId)
    expect([broken(standing), standing.reservations]).toEqual([[], 7])
  })

  test('pay what a call cost, to the nano-dollar, and free the rest', async () => {
    const reservation = await reserve(deps, callOf(userId), cents(40))
    expect(await standingOf(deps, userId)).toMatchObject({ balance: cents(100), reserved: cents(40), calls: 0 })
    expect(await settleNow(deps, reservation, 1_234_567)).toMatchObject({ chargedNano: 1_234_567, uncoveredNano: 0 })
    expect(await standingOf(deps, userId)).toMatchObject({
      balance: cents(100) - 1_234_567,
      reserved: 0,
      charges: 1,
      calls: 1,
      costs: 1_234_567,
    })
    const [entry] = await deps.db.read
      .selectFrom('ledger_entry')
      .selectAll()
      .where('usage_id', '=', reservation.usageId)
      .execute()
    expect(entry).toMatchObject({ kind: 'usage', amount_nano: -1_234_567, user_id: userId })
    expect(await receipts()).toEqual([
      expect.objectContaining({
        usage_id: reservation.usageId,
        status: 'completed',
        cost_nano: 1_234_567,
        estimated: 0,
      }),
    ])
  })

  test('are taken once, whoever settles how often, and whoever sweeps meanwhile', async () => {
    const reservation = await reserve(deps, callOf(userId), cents(10))
    const all = await Promise.all(Array.from({ length: 20 }, () => settleNow(deps, reservation, cents(3))))
    expect(all.filter((one) => one !== undefined)).toMatchObject([{ chargedNano: cents(3), uncoveredNano: 0 }])

    const raced = await reserve(deps, callOf(userId), cents(10))
    server.wait(LEASE_S)
    await Promise.all([
      ...Array.from({ length: 5 }, () => sweepReservations(deps)),
      ...Array.from({ length: 5 }, () => settleNow(deps, raced, cents(4))),
    ])
    expect(await settleNow(deps, raced, cents(9))).toBeUndefined()
    const standing = await standingOf(deps, userId)
    expect(broken(standing)).toEqual([])
    expect(standing).toMatchObject({ balance: cents(93), reserved: 0, calls: 2, costs: cents(7) })
  })

  test('cover a call that cost more than was reserved as far as they go, and no further', async () => {
    const [small, other] = [
      await reserve(deps, callOf(userId), cents(10)),
      await reserve(deps, callOf(userId), cents(60)),
    ]
    expect(await settleNow(deps, small, cents(25))).toMatchObject({ chargedNano: cents(25), uncoveredNano: 0 })
    const third = await reserve(deps, callOf(userId), cents(5))
    expect(await settleNow(deps, third, cents(50))).toMatchObject({ chargedNano: cents(15), uncoveredNano: cents(35) })
    const standing = await standingOf(deps, userId)
    expect([broken(standing), standing.balance, standing.reserved]).toEqual([[], cents(60), cents(60)])
    await settleNow(deps, other, 0)
  })

  test('pay for a failed call nothing, and the call is on record', async () => {
    await settleNow(deps, await reserve(deps, callOf(userId), cents(10)), 0, { status: 'failed', model_served: null })
    expect(await standingOf(deps, userId)).toMatchObject({ balance: cents(100), reserved: 0, calls: 1, charges: 0 })
  })

  test('stay out of a call on a person’s own key', async () => {
    const poor = await personWith(1)
    const reservation = await reserve(deps, callOf(poor, { payment_method: 'byok' }), cents(500))
    expect(await settleNow(deps, reservation, cents(400))).toMatchObject({ chargedNano: 0, uncoveredNano: 0 })
    expect(await standingOf(deps, poor)).toMatchObject({
      balance: cents(1),
      reserved: 0,
      charges: 0,
      calls: 1,
      costs: 0,
    })
  })

  test('are charged what was metered when a process dies, once, and the log says so', async () => {
    const reservation = await reserve(deps, callOf(userId, { request_id: 'lost-one' }), cents(50))
    const held = hold(deps, reservation)
    held.note({ model_served: 'gpt-4o-mini', output_tokens: 7 }, cents(12))
    const metered = () =>
      deps.db.read
        .selectFrom('reservation')
        .select('metered_nano')
        .where('usage_id', '=', reservation.usageId)
        .executeTakeFirst()
    await eventually(async () => (await metered())?.metered_nano === cents(12), 5000)
    held.letGo()
    server.wait(LEASE_S - 2)
    expect(await sweepReservations(deps)).toBe(0)
    server.wait(2)
    const swept = await Promise.all([sweepReservations(deps), sweepReservations(deps), sweepReservations(deps)])
    expect(swept.reduce((a, b) => a + b)).toBe(1)
    const standing = await standingOf(deps, userId)
    expect([broken(standing), standing.balance, standing.reserved]).toEqual([[], cents(88), 0])
    expect(await receipts()).toEqual([
      expect.objectContaining({
        status: 'lost',
        estimated: 1,
        output_tokens: 7,
        cost_nano: cents(12),
        duration_ms: null,
      }),
    ])
    const events = await deps.db.read
      .selectFrom('audit_event')
      .selectAll()
      .where('action', '=', 'model.call_lost')
      .where('target', '=', reservation.usageId)
      .execute()
    expect(events).toEqual([expect.objectContaining({ request_id: 'lost-one', org_id: 'org_x' })])
  })

  test('are put right when the process was not dead, only cut off from the database', async () => {
    const [dearer, cheaper] = [
      await reserve(deps, callOf(userId), cents(30)),
      await reserve(deps, callOf(userId), cents(30)),
    ]
    server.wait(LEASE_S)
    await deps.db.write(({ trx }) =>
      trx
        .updateTable('reservation')
        .set({ metered_nano: cents(6) })
        .where('user_id', '=', userId)
        .execute(),
    )
    expect(await sweepReservations(deps)).toBe(2)
    expect(await standingOf(deps, userId)).toMatchObject({ balance: cents(88) })
    const late = await Promise.all([1, 2, 3].map(() => settleNow(deps, dearer, cents(20))))
    expect(late.filter(Boolean)).toMatchObject([{ chargedNano: cents(20), uncoveredNano: 0 }])
    await settleNow(deps, cheaper, cents(5), { status: 'client_closed' })
    const standing = await standingOf(deps, userId)
    expect([broken(standing), standing.balance, standing.calls]).toEqual([[], cents(75), 2])
    expect((await receipts()).map(({ status, cost_nano }) => [status, cost_nano]).sort()).toEqual([
      ['client_closed', cents(5)],
      ['completed', cents(20)],
    ])
  })

  test('stay set aside as long as the process lives', async () => {
    const reservation = await reserve(deps, callOf(userId), cents(50))
    const held = hold(deps, reservation)
    const expiry = async () =>
      (
        await deps.db.read
          .selectFrom('reservation')
          .select('expires_at')
          .where('usage_id', '=', reservation.usageId)
          .executeTakeFirst()
      )?.expires_at ?? 0
    const before = await expiry()
    server.wait(LEASE_S - 5)
    await eventually(async () => (await expiry()) > before, 5000)
    held.letGo()
    server.wait(10)
    expect(await sweepReservations(deps)).toBe(0)
    expect(await settleNow(deps, reservation, cents(1))).toMatchObject({ chargedNano: cents(1), uncoveredNano: 0 })
  })

  test('stay set aside when the process says so at the last moment', async () => {
    const { usageId } = await reserve(deps, callOf(userId), cents(50))
    server.wait(LEASE_S)
    const { call } = await deps.db.read
      .selectFrom('reservation')
      .select('call')
      .where('usage_id', '=', usageId)
      .executeTakeFirstOrThrow()
    const renewal = { metered_nano: 0, call, expires_at: deps.now() + 1000 }
    const write: typeof deps.db.write = async (unit) => {
      await deps.db.write(({ trx }) => renewReservation(trx, usageId, renewal))
      return deps.db.write(unit)
    }
    expect(await sweepReservations({ ...deps, db: { ...deps.db, write } })).toBe(0)
    expect(await standingOf(deps, userId)).toMatchObject({ reserved: cents(50), reservations: 1 })
    await deps.db.write(({ trx }) => takeReservation(trx, usageId))
  })

  test('are settled although another reservation cannot be', async () => {
    const bad = await reserve(deps, callOf(userId), 0)
    await deps.db.write(({ trx }) =>
      trx.updateTable('reservation').set({ call: 'no JSON' }).where('usage_id', '=', bad.usageId).execute(),
    )
    await reserve(deps, callOf(userId), cents(50))
    server.wait(LEASE_S)
    expect(await sweepReservations(deps)).toBe(1)
    expect(await standingOf(deps, userId)).toMatchObject({ reserved: 0, reservations: 1, balance: cents(100) })
    expect(server.logged.join()).toContain('a reservation could not be settled')
    await deps.db.write(({ trx }) => takeReservation(trx, bad.usageId))
  })

  test('refuse what no reservation can be of', async () => {
    for (const nano of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
      await expect(reserve(deps, callOf(userId), nano)).rejects.toThrow(RangeError)
    expect(await standingOf(deps, userId)).toMatchObject({ balance: cents(100), reserved: 0, reservations: 0 })
  })

  /** What may happen, many of them at once. */
  const step = fc.oneof(
    fc.record({ do: fc.constant('credit' as const), cents: fc.integer({ min: 1, max: 50 }) }),
    fc.record({ do: fc.constant('reserve' as const), nano: fc.integer({ min: 0, max: cents(60) }), own: fc.boolean() }),
    fc.record({ do: fc.constant('settle' as const), which: fc.nat(9), nano: fc.integer({ min: 0, max: cents(80) }) }),
    fc.record({ do: fc.constant('meter' as const), which: fc.nat(9), nano: fc.integer({ min: 0, max: cents(60) }) }),
    fc.record({ do: fc.constant('sweep' as const), seconds: fc.integer({ min: 0, max: 60 }) }),
  )

  test('keep their laws through whatever happens, in whatever order, at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { maxLength: 8 }), async (turns) => {
        const one = await personWith(1)
        const made: Reservation[] = []
        const settled = new Map<string, number>()
        for (const turn of turns) {
          const held = [...made]
          const pick = (which: number) => held[which % Math.max(1, held.length)]
          await Promise.all(
            turn.map(async (action) => {
              const reservation = 'which' in action ? pick(action.which) : undefined
              if (action.do === 'credit')
                await server.admin('POST', `/users/${one}/credits`, { amount_cents: action.cents, reason: 'x' })
              else if (action.do === 'reserve') {
                const call = callOf(one, { payment_method: action.own ? 'byok' : 'credits' })
                await reserve(deps, call, action.nano).then(
                  (got) => made.push(got),
                  (error) => expect(error.code).toBe('insufficient_credits'),
                )
              } else if (action.do === 'sweep') {
                server.wait(action.seconds)
                await sweepReservations(deps)
              } else if (!reservation) return
              else if (action.do === 'meter')
                await deps.db.write(({ trx }) =>
                  trx
                    .updateTable('reservation')
                    .set({ metered_nano: Math.min(action.nano, reservation.amountNano) })
                    .where('usage_id', '=', reservation.usageId)
                    .execute(),
                )
              else if (await settleNow(deps, reservation, action.nano))
                settled.set(reservation.usageId, (settled.get(reservation.usageId) ?? 0) + 1)
            }),
          )
          expect(broken(await standingOf(deps, one))).toEqual([])
        }
        expect([...settled.values()].filter((times) => times > 1)).toEqual([])
        server.wait(LEASE_S)
        await sweepReservations(deps)
        const standing = await standingOf(deps, one)
        expect(broken(standing)).toEqual([])
        expect([standing.reserved, standing.reservations]).toEqual([0, 0])
      }),
      { numRuns: kind === 'sqlite' ? 100 : 40 },
    )
  }, 120_000)

  test('are shown net of what is set aside', async () => {
    const key = await server.admin('POST', '/api-keys', { user_id: userId, name: 'k' })
    const verify = async () => {
      const headers = { authorization: `Bearer ${key.body.api_key}` }
      return (await server.request('/api/oauth/verify', { headers })).body.credits
    }
    expect(await verify()).toBe(100)
    const reservation = await reserve(deps, callOf(userId), cents(33) + 1)
    expect(await verify()).toBe(66.9999999)
    await settleNow(deps, reservation, 1)
    expect(await verify()).toBe(99.9999999)
    await spend(deps, callOf(userId), cents(99) + 9_999_999)
    expect(await verify()).toBe(0)
  })
})
