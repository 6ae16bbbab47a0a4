import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { grantPromotion } from '../src/accounts/credits.ts'
import { DATABASES } from './harness.ts'
import { type ModelGateway, startModelGateway } from './model-gateway.ts'
import { prove, well } from './tenancy.ts'

interface User {
  id: string
  name: string
}

describe.each(DATABASES)('the people of the server, for whoever runs it, on %s', (kind) => {
  let gateway: ModelGateway
  beforeAll(async () => {
    gateway = await startModelGateway(kind)
  })
  afterAll(() => gateway?.stop())

  const one = (id: string) => well(gateway.admin('GET', `/users/${id}`), 200)
  const found = async (q: string): Promise<User[]> =>
    (await well(gateway.admin('GET', `/users?limit=200&q=${encodeURIComponent(q)}`), 200)).data
  const names = async (q: string) => (await found(q)).map(({ name }) => name)

  test('are found by words of their names and addresses, whatever these hold, and by their id', async () => {
    const { id } = await gateway.person({ name: 'Ada Lovelace', email: 'countess@analytical.example' })
    gateway.wait(1)
    await gateway.person({ name: 'Özlem 100%_done\\', email: 'oezlem@analytical.example' })
    await gateway.person({ name: 'Grace Hopper', email: 'grace@navy.example' })
    expect(await names('lovelace')).toEqual(['Ada Lovelace'])
    expect(await names('  HOPPER  ')).toEqual(['Grace Hopper'])
    expect(await names('analytical.example')).toEqual(['Ada Lovelace', 'Özlem 100%_done\\'])
    expect(await names('analytical ada')).toEqual(['Ada Lovelace'])
    expect(await names('ada navy')).toEqual([])
    expect(await names('Özlem')).toEqual(['Özlem 100%_done\\'])
    // What means something to the database means nothing here.
    for (const q of ['100%_d', '%', '_', '\\']) expect([q, await names(q)]).toEqual([q, ['Özlem 100%_done\\']])
    expect(await names(`' or 1=1 --`)).toEqual([])
    expect(await names(id)).toEqual(['Ada Lovelace'])
    expect(await names(id.slice(0, -1))).toEqual([])
    expect((await found('')).length).toBeGreaterThan(2)
    for (const bad of ['%00', 'x'.repeat(201)]) {
      const { status } = await gateway.admin('GET', `/users?q=${bad}`)
      expect([bad.slice(0, 3), status]).toEqual([bad.slice(0, 3), 422])
    }
  })

  test('are told page by page, of those who are searched too', async () => {
    for (let i = 0; i < 5; i++) {
      await gateway.person({ name: `Twin ${i}`, email: `twin${i}@example.com` })
      gateway.wait(1)
    }
    const seen: string[] = []
    let cursor = ''
    do {
      const page = await well(gateway.admin('GET', `/users?limit=2&q=twin${cursor}`), 200)
      expect(page.data.length).toBeLessThanOrEqual(2)
      seen.push(...page.data.map(({ name }: User) => name))
      cursor = page.next_cursor === null ? '' : `&cursor=${page.next_cursor}`
    } while (cursor !== '')
    expect(seen).toEqual(['Twin 0', 'Twin 1', 'Twin 2', 'Twin 3', 'Twin 4'])
  })

  test('come with their organizations, but not with those that wait for their proof', async () => {
    const email = 'kit@example.com'
    await gateway.admin('POST', '/users', { email, name: 'Kit', role: 'viewer' })
    const kit = await gateway.person({ name: 'Kit', email })
    const own = { id: expect.stringMatching(/^org_/), name: expect.any(String), role: 'admin' }
    expect((await one(kit.id)).organizations).toEqual([own])
    await prove(gateway, kit)
    const { organizations } = await one(kit.id)
    expect(organizations).toContainEqual({ id: gateway.deps.orgId, name: expect.any(String), role: 'viewer' })
    expect(organizations).toHaveLength(2)
    expect((await found('kit@'))[0]).toEqual(await one(kit.id))
  })

  test('come with what they can spend, and what they spent in thirty days', async () => {
    const ada = await gateway.member(1000)
    const poor = await gateway.member(0)
    expect(await one(poor.id)).toMatchObject({ credits: 0, spent_30d_cents: 0 })
    const { deps } = gateway
    const promotion = { userId: ada.id, orgId: deps.orgId, excludedModels: '[]', cents: 50 }
    await deps.db.write(async (work) => {
      await grantPromotion(deps, work, { ...promotion, clientId: 'stays', expireIn: null }, deps.now())
      await grantPromotion(deps, work, { ...promotion, clientId: 'ends', expireIn: 60 }, deps.now())
    })
    expect(await one(ada.id)).toMatchObject({ credits: 1100, spent_30d_cents: 0 })
    await well(ada.chat(), 200)
    const spent = 1100 - (await ada.credits())
    expect(spent).toBeGreaterThan(0)
    await expect.poll(async () => (await one(ada.id)).spent_30d_cents).toBeCloseTo(spent, 6)
    gateway.wait(61)
    // What ended had paid.
    expect([(await one(ada.id)).credits, await ada.credits()]).toEqual([1050, 1050])
    gateway.wait(31 * 86_400)
    expect((await one(ada.id)).spent_30d_cents).toBe(0)
  })

  test('who are disabled come with since when and by whom', async () => {
    const admin = await gateway.member(0)
    await gateway.deps.db.write(async ({ trx }) => {
      const membership = { org_id: gateway.deps.orgId, user_id: admin.id, role: 'admin' as const, needs_proof: 0 }
      await trx
        .insertInto('membership')
        .values({ ...membership, created_at: 0 })
        .execute()
    })
    await well(admin.window.send('PUT', '/api/me/organization', { organization_id: gateway.deps.orgId }), 200)
    const eve = await gateway.member(0)
    const never = { disabled: false, disabled_at: null, disabled_by: null }
    expect(await one(eve.id)).toMatchObject(never)
    const since = new Date(gateway.deps.now()).toISOString()
    const told = await well(admin.window.send('POST', `/api/admin/users/${eve.id}/disable`), 200)
    expect(told).toMatchObject({ disabled: true, disabled_at: since, disabled_by: { id: admin.id, name: 'Ada' } })
    gateway.wait(5)
    // Said once more, it is still the first who did it.
    await well(gateway.admin('POST', `/users/${eve.id}/disable`), 200)
    expect(await one(eve.id)).toMatchObject({ disabled_at: since, disabled_by: { id: admin.id } })
    expect(await well(gateway.admin('POST', `/users/${eve.id}/enable`), 200)).toMatchObject(never)
    await well(gateway.admin('POST', `/users/${eve.id}/disable`), 200)
    expect((await one(eve.id)).disabled_by).toEqual({ id: 'operator', name: null })
  })
})
