import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { expireLots } from '../src/accounts/credit-expiry.ts'
import { spendableIn, usableLots } from '../src/accounts/credit-lots.ts'
import { findSpendable, grantPromotion } from '../src/accounts/credits.ts'
import {
  hold,
  newReservation,
  type Reservation,
  reserveIn,
  sweepReservations,
} from '../src/models/fuel/reservations.ts'
import type { LotPart } from '../src/models/fuel/spending.ts'
import { findStanding, holdBalance } from '../src/storage/ledger.ts'
import { broken, callOf, cents, reserve, settleNow, spend, standingOf } from './fuel-calls.ts'
import { DATABASES, startServer, type TestServer } from './harness.ts'
import { eventually } from './spawned-server.ts'

const LEASE_S = 46
const DAY_S = 86_400
const MINI = 'gpt-4o-mini'
const PRO = 'o3-pro'

describe.each(DATABASES)('promotional credits on %s', (kind) => {
  let server: TestServer
  let deps: TestServer['deps']
  let made = 0
  let userId: string
  beforeAll(async () => {
    server = await startServer(kind)
    deps = server.deps
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    userId = await newPerson()
  })

  async function newPerson(): Promise<string> {
    return (await server.admin('POST', '/users', { email: `p${made++}@lots.example`, name: 'P' })).body.id
  }
  const pay = (amount_cents: number, to = userId) =>
    server.admin('POST', `/users/${to}/credits`, { amount_cents, reason: 'test' })

  interface Given {
    expireIn?: number | null
    excluded?: readonly string[]
    to?: string
    /** The same gives once. */
    clientId?: string
  }
  /** As an app gives them to its new users. */
  async function give(amount: number, { expireIn = null, excluded = [], to = userId, clientId }: Given = {}) {
    const promotion = {
      userId: to,
      clientId: clientId ?? `app_${made++}`,
      orgId: 'org_of_the_app',
      cents: amount,
      expireIn,
      excludedModels: JSON.stringify(excluded),
    }
    return deps.db.write((work) => grantPromotion(deps, work, promotion, deps.now()))
  }
  const lots = (of = userId) =>
    deps.db.read.selectFrom('credit_lot').selectAll().where('user_id', '=', of).orderBy('lot_id').execute()
  const left = async (of = userId) => (await lots(of)).map(({ remaining_nano }) => remaining_nano / cents(1))
  const spendable = (names?: string[]) => findSpendable(deps.db.read, userId, deps.now(), names)
  const entries = (of = userId) =>
    deps.db.read.selectFrom('ledger_entry').selectAll().where('user_id', '=', of).orderBy('entry_id').execute()
  const spent = async () =>
    (await entries())
      .filter(({ kind }) => kind === 'usage')
      .map(({ lot_id, amount_nano }) => [lot_id === null ? 'paid' : 'lot', -amount_nano / cents(1)])
  const holds = async (of = userId) => expect(broken(await standingOf(deps, of))).toEqual([])

  test('are spent before what was paid for, those with the soonest end first, each by an entry of its own', async () => {
    await pay(100)
    await give(10)
    server.wait(1)
    await give(20, { expireIn: 2 * DAY_S })
    server.wait(1)
    await give(30, { expireIn: DAY_S })
    expect(await spendable()).toBe(cents(160))
    await spend(deps, callOf(userId), cents(25))
    expect(await left()).toEqual([10, 20, 5])
    await spend(deps, callOf(userId), cents(30))
    expect(await left()).toEqual([5, 0, 0])
    await spend(deps, callOf(userId), cents(7))
    expect(await left()).toEqual([0, 0, 0])
    expect((await spent()).sort()).toEqual(
      [
        ['lot', 25],
        ['lot', 5],
        ['lot', 20],
        ['lot', 5],
        ['lot', 5],
        ['paid', 2],
      ].sort(),
    )
    expect(await spendable()).toBe(cents(98))
    const standing = await standingOf(deps, userId)
    expect([broken(standing), standing.balance, standing.lots]).toEqual([[], cents(98), 0])
  })

  test('that expired are not spent and not shown, and are taken out of the ledger once, with an event', async () => {
    await pay(5)
    await give(500, { expireIn: 3600 })
    server.wait(3599)
    expect(await spendable()).toBe(cents(505))
    server.wait(1)
    expect(await spendable()).toBe(cents(5))
    await expect(reserve(deps, callOf(userId), cents(6))).rejects.toMatchObject({ code: 'insufficient_credits' })
    await holds()
    await Promise.all([expireLots(deps), expireLots(deps), expireLots(deps)])
    expect(await spendable()).toBe(cents(5))
    expect((await entries()).filter(({ kind }) => kind === 'expiry')).toMatchObject([
      { amount_nano: -cents(500), lot_id: expect.stringMatching(/^entry_/), actor: 'auth-agent' },
    ])
    const events = await deps.db.read
      .selectFrom('audit_event')
      .selectAll()
      .where('action', '=', 'credits.expired')
      .where('target', '=', userId)
      .execute()
    expect(events).toMatchObject([{ org_id: 'org_of_the_app', detail: JSON.stringify({ cents: 500 }) }])
    expect(await standingOf(deps, userId)).toMatchObject({ balance: cents(5), lots: 0 })
    await holds()
    server.wait(8 * DAY_S)
    await expireLots(deps)
    expect(await lots()).toEqual([])
  })

  test('that a call set aside in time pay it, though they expired meanwhile, and the rest of them is gone', async () => {
    await pay(100)
    await give(50, { expireIn: 3600 })
    const reservation = await reserve(deps, callOf(userId), cents(40))
    server.wait(3600)
    expect(await expireLots(deps)).toBe(1)
    expect(await left()).toEqual([40])
    await holds()
    expect(await settleNow(deps, reservation, cents(30))).toMatchObject({ chargedNano: cents(30), uncoveredNano: 0 })
    expect(await left()).toEqual([10])
    expect(await spendable()).toBe(cents(100))
    expect(await expireLots(deps)).toBe(1)
    expect(await standingOf(deps, userId)).toMatchObject({ balance: cents(100), reserved: 0, lots: 0 })
    await holds()
  })

  test('do not pay for a model that they exclude, by whatever name, and the refusal says why', async () => {
    await give(500, { excluded: ['openai/o3-*', 'dear-alias'] })
    for (const model of [PRO, 'O3-PRO'])
      await expect(reserve(deps, callOf(userId), cents(1), model)).rejects.toThrow(
        /may cost 1 cents, and 0 cents are left, for your promotional credits \(500 cents\) do not pay for this model/,
      )
    expect(await spendable(['dear-alias', 'gpt-9'])).toBe(0)
    expect(await spendable(['gpt-9', 'x/gpt-9'])).toBe(cents(500))
    await pay(3)
    await spend(deps, callOf(userId), cents(2), { model_served: PRO }, PRO)
    expect(await spent()).toEqual([['paid', 2]])
    expect(await left()).toEqual([500])
    await holds()
  })

  test('pay for who was asked, and what was paid for pays who stood in and is excluded', async () => {
    await pay(100)
    await give(50, { excluded: [PRO] })
    const both = () => reserve(deps, callOf(userId), cents(40), MINI, [PRO])
    const first = await both()
    // Both are set aside: nobody knows yet who answers.
    expect(await standingOf(deps, userId)).toMatchObject({ reserved: cents(80), lotsReserved: cents(40) })
    await holds()
    await settleNow(deps, first, cents(30), { model_served: PRO })
    expect([await spent(), await left()]).toEqual([[['paid', 30]], [50]])
    await settleNow(deps, await both(), cents(40), { model_served: MINI })
    expect([(await spent()).length, await left()]).toEqual([2, [10]])
    await holds()
    // Of the lot ten, and thirty beside them, or forty.
    await settleNow(deps, await both(), cents(40), { model_served: PRO })
    expect([await left(), await spendable()]).toEqual([[10], cents(40)])
    await expect(reserve(deps, callOf(userId), cents(45), MINI, [PRO])).rejects.toMatchObject({ status: 402 })
    await holds()
  })

  test('cover what a call cost beyond what was set aside, before what was paid for does', async () => {
    await pay(100)
    await give(10, { expireIn: DAY_S })
    server.wait(1)
    await give(10, { excluded: [MINI] })
    server.wait(1)
    await give(10)
    const small = await reserve(deps, callOf(userId), cents(5))
    expect(await settleNow(deps, small, cents(27))).toMatchObject({ chargedNano: cents(27), uncoveredNano: 0 })
    expect(await left()).toEqual([0, 10, 0])
    expect(await spendable()).toBe(cents(103))
    const all = await reserve(deps, callOf(userId), cents(1))
    expect(await settleNow(deps, all, cents(200))).toMatchObject({ chargedNano: cents(93), uncoveredNano: cents(107) })
    expect(await left()).toEqual([0, 10, 0])
    await holds()
  })

  test('pay for what was metered when a process dies, and get back what was too much; they never become paid ones', async () => {
    await pay(50)
    await give(20)
    const reservation = await reserve(deps, callOf(userId), cents(60))
    const held = hold(deps, reservation)
    held.note({ model_served: MINI, provider: 'openai', output_tokens: 7 }, cents(30))
    await eventually(async () => {
      const row = await deps.db.read
        .selectFrom('reservation')
        .select('metered_nano')
        .where('usage_id', '=', reservation.usageId)
        .executeTakeFirst()
      return row?.metered_nano === cents(30)
    }, 5000)
    held.letGo()
    server.wait(LEASE_S)
    await Promise.all([sweepReservations(deps), sweepReservations(deps)])
    expect([await left(), await spendable()]).toEqual([[0], cents(40)])
    await holds()
    // It was only cut off from the database, and cost less.
    expect(await settleNow(deps, reservation, cents(5))).toMatchObject({ chargedNano: cents(5) })
    expect([await left(), await spendable()]).toEqual([[15], cents(65)])
    expect(await standingOf(deps, userId)).toMatchObject({ balance: cents(65), lots: cents(15), costs: cents(5) })
    await holds()
  })

  test('are granted once for an app, whatever races, and each app’s are a lot of their own', async () => {
    const grants = await Promise.all(
      Array.from({ length: 50 }, () => give(500, { clientId: 'app_once', expireIn: DAY_S })),
    )
    expect(grants.filter(Boolean)).toHaveLength(1)
    await give(100, { clientId: 'app_other' })
    expect((await left()).sort()).toEqual([100, 500])
    expect(await standingOf(deps, userId)).toMatchObject({ balance: cents(600), lots: cents(600) })
    await holds()
  })

  test('let as many of many calls at once begin as they cover with what was paid for', async () => {
    await pay(3)
    await give(4, { expireIn: DAY_S })
    const tries = await Promise.allSettled(Array.from({ length: 200 }, () => reserve(deps, callOf(userId), cents(1))))
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(7)
    expect(await standingOf(deps, userId)).toMatchObject({ reserved: cents(7), lotsReserved: cents(4) })
    await holds()
    await Promise.all(tries.map((one) => one.status === 'fulfilled' && settleNow(deps, one.value, cents(1))))
    expect(await standingOf(deps, userId)).toMatchObject({ balance: 0, reserved: 0, lots: 0, costs: cents(7) })
    await holds()
  })

  const nano = fc.integer({ min: 0, max: cents(60) })
  const model = fc.constantFrom(MINI, PRO)
  /** What may happen, many of them at once. */
  const step = fc.oneof(
    fc.record({ do: fc.constant('credit' as const), cents: fc.integer({ min: 1, max: 50 }) }),
    fc.record({
      do: fc.constant('give' as const),
      cents: fc.integer({ min: 1, max: 50 }),
      expireIn: fc.constantFrom(null, 30, 90, 300),
      excluded: fc.constantFrom([], [PRO], ['openai/o3*'], ['*']),
    }),
    fc.record({ do: fc.constant('reserve' as const), nano, other: nano, model, fallback: fc.boolean() }),
    fc.record({
      do: fc.constant('settle' as const),
      which: fc.nat(9),
      nano: fc.integer({ min: 0, max: cents(80) }),
      model,
    }),
    fc.record({ do: fc.constant('meter' as const), which: fc.nat(9), nano, model }),
    fc.record({ do: fc.constant('sweep' as const), seconds: fc.integer({ min: 0, max: 60 }) }),
    fc.record({ do: fc.constant('expire' as const), seconds: fc.integer({ min: 0, max: 60 }) }),
  )

  /** Sets aside, and looks in the same transaction whether lots came first. */
  async function reserveLotsFirst(one: string, models: { model: string; nano: number }[], complaints: string[]) {
    const payable = models.map(({ model, nano }) => ({
      served: `openai/${model}`,
      names: [model, `openai/${model}`],
      nano,
    }))
    const reservation = newReservation(deps, callOf(one), payable)
    const done = await deps.db.write(async ({ trx }) => {
      await holdBalance(trx, one)
      const before = await findStanding(trx, one)
      if (!(await reserveIn(trx, reservation))) {
        const could = payable.every(({ names, nano }) => spendableIn(before, deps.now(), names) >= nano)
        if (could && reservation.amountNano > 0) complaints.push('refused what could be paid')
        return false
      }
      const row = await trx
        .selectFrom('reservation')
        .select(['amount_nano', 'lots'])
        .where('usage_id', '=', reservation.usageId)
        .executeTakeFirstOrThrow()
      const parts: LotPart[] = JSON.parse(row.lots ?? '[]')
      const paid = row.amount_nano - parts.reduce((sum, { nano }) => sum + nano, 0)
      const due = payable.map(({ names, nano }) =>
        usableLots(before.lots, deps.now(), names).reduce(
          (rest, lot) => rest - Math.min(rest, lot.remaining_nano - lot.reserved_nano),
          nano,
        ),
      )
      if (paid > Math.max(0, ...due)) complaints.push(`paid credit was set aside beside a lot: ${paid} for ${due}`)
      for (const { served, nano } of payable) {
        const usable = parts.filter(({ not_for }) => !not_for?.includes(served))
        const covered = usable.reduce((sum, part) => sum + part.nano, paid)
        if (covered < nano) complaints.push(`${served} may cost ${nano}, and ${covered} are set aside for it`)
      }
      return true
    })
    return done ? reservation : undefined
  }

  /** Calls whose model a lot excludes, and which took from it all the same. */
  async function wronglySpent(one: string) {
    const all = await lots(one)
    const records = await deps.db.read.selectFrom('usage_record').selectAll().where('user_id', '=', one).execute()
    const served = new Map(records.map(({ usage_id, model_served }) => [usage_id, model_served]))
    return (await entries(one)).filter(({ kind, lot_id, usage_id }) => {
      const lot = all.find((known) => known.lot_id === lot_id)
      if (kind !== 'usage' || !lot) return false
      const name = served.get(usage_id ?? '')
      return lot.excluded_models === '["*"]' || (lot.excluded_models !== '[]' && name === PRO)
    })
  }

  test('keep their laws through whatever happens, in whatever order, at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { maxLength: 8 }), async (turns) => {
        const one = await newPerson()
        const reservations: Reservation[] = []
        const complaints: string[] = []
        const answering = new Map<string, string>()
        /** Who answers first is who answers: what was metered of one model is not settled as another's. */
        const served = ({ usageId, models }: Reservation, model: string) => {
          const [first] = models
          const one = models.find(({ served }) => served === `openai/${model}`) ?? first
          const name = answering.get(usageId) ?? one?.served.slice('openai/'.length) ?? ''
          answering.set(usageId, name)
          return { provider: 'openai', model_served: name }
        }
        for (const turn of turns) {
          const held = [...reservations]
          await Promise.all(
            turn.map(async (action) => {
              const reservation = 'which' in action ? held[action.which % Math.max(1, held.length)] : undefined
              if (action.do === 'credit') await pay(action.cents, one)
              else if (action.do === 'give') await give(action.cents, { ...action, to: one })
              else if (action.do === 'reserve') {
                const other = action.model === MINI ? PRO : MINI
                const models = [
                  { model: action.model, nano: action.nano },
                  ...(action.fallback ? [{ model: other, nano: action.other }] : []),
                ]
                const got = await reserveLotsFirst(one, models, complaints)
                if (got) reservations.push(got)
              } else if (action.do === 'sweep' || action.do === 'expire') {
                server.wait(action.seconds)
                await (action.do === 'sweep' ? sweepReservations(deps) : expireLots(deps))
              } else if (!reservation) return
              else if (action.do === 'meter') {
                const { call, at, amountNano } = reservation
                const known = {
                  ...call,
                  at,
                  ...served(reservation, action.model),
                  attempts: 1,
                  input_tokens: 0,
                  cached_tokens: 0,
                  cache_write_tokens: 0,
                  output_tokens: 1,
                  reasoning_tokens: 0,
                  ttft_ms: null,
                }
                await deps.db.write(({ trx }) =>
                  trx
                    .updateTable('reservation')
                    .set({ metered_nano: Math.min(action.nano, amountNano), call: JSON.stringify(known) })
                    .where('usage_id', '=', reservation.usageId)
                    .execute(),
                )
              } else await settleNow(deps, reservation, action.nano, served(reservation, action.model))
            }),
          )
          expect(complaints).toEqual([])
          await holds(one)
          expect(await wronglySpent(one)).toEqual([])
        }
        server.wait(LEASE_S)
        await sweepReservations(deps)
        server.wait(300)
        await expireLots(deps)
        const standing = await standingOf(deps, one)
        expect(broken(standing)).toEqual([])
        expect([standing.reserved, standing.reservations, standing.lotsReserved]).toEqual([0, 0, 0])
        const ended = (await lots(one)).filter(({ expires_at }) => expires_at !== null)
        expect(ended.filter(({ remaining_nano }) => remaining_nano !== 0)).toEqual([])
      }),
      { numRuns: kind === 'sqlite' ? 150 : 50 },
    )
  }, 180_000)
})
