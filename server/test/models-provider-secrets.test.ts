import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { DATABASES } from './harness.ts'
import { type ModelGateway, PRICE, startModelGateway } from './model-gateway.ts'
import { well } from './tenancy.ts'

describe.each(DATABASES)('the credentials of a provider, on %s', (kind) => {
  let gateway: ModelGateway
  let ada: Awaited<ReturnType<ModelGateway['caller']>>
  beforeAll(async () => {
    gateway = await startModelGateway(kind)
    ada = await gateway.caller()
  })
  afterEach(() => gateway.upstream.reset())
  afterAll(() => gateway?.stop())

  const base = () => ({
    kind: 'openai-compatible',
    base_url: `${gateway.upstream.origin}/v1`,
    models: [{ id: 'm', price: PRICE }],
  })
  const change = (more: object) => gateway.admin('PUT', '/model-providers/beta', { ...base(), ...more })
  const sent = async () => {
    expect((await ada.chat({ model: 'beta/m' })).status).toBe(200)
    return gateway.upstream.seen.at(-1)?.headers.authorization
  }

  test('stay when they are left out, and go when they are null', async () => {
    await gateway.addProvider({ ...base(), id: 'beta', api_key: 'sk-first-0123456789' })
    expect(await sent()).toBe('Bearer sk-first-0123456789')
    expect((await well(change({}), 200)).credentials).toEqual(['api_key'])
    expect(await sent()).toBe('Bearer sk-first-0123456789')
    expect((await well(change({ api_key: null }), 200)).credentials).toEqual([])
    expect(await sent()).toBeUndefined()
    // There is nothing to take away any more, and nothing is sealed.
    expect(
      (await well(change({ api_key: null, oauth2: null, aws: null, service_account: null }), 200)).credentials,
    ).toEqual([])
    const row = await gateway.deps.db.read
      .selectFrom('model_provider')
      .select('secrets_sealed')
      .where('provider_id', '=', 'beta')
      .executeTakeFirst()
    expect(row).toEqual({ secrets_sealed: null })
    expect((await well(gateway.admin('GET', '/model-providers/beta'), 200)).credentials).toEqual([])
  })

  test('make way for others in one change', async () => {
    const oauth2 = {
      token_url: `${gateway.upstream.origin}/token`,
      client_id: 'id',
      client_secret: 'secret-0123456789',
    }
    await well(change({ oauth2 }), 200)
    const { credentials } = await well(change({ oauth2: null, api_key: 'sk-second-0123456789' }), 200)
    expect(credentials).toEqual(['api_key'])
    expect(await sent()).toBe('Bearer sk-second-0123456789')
  })

  test('are not taken from who cannot do without', async () => {
    const aws = { region: 'eu-west-1', access_key_id: 'AKIA0123456789ABCDEF', secret_access_key: 'secret-0123456789' }
    const bedrock = { kind: 'bedrock', base_url: gateway.upstream.origin, models: [{ id: 'm' }] }
    await gateway.addProvider({ ...bedrock, id: 'aws', aws })
    const refused = await gateway.admin('PUT', '/model-providers/aws', { ...bedrock, aws: null })
    expect([refused.status, Object.keys(refused.body.fields)]).toEqual([422, ['aws']])
    expect((await well(gateway.admin('GET', '/model-providers/aws'), 200)).credentials).toEqual(['aws'])
  })

  test('are none of a new one where they are null', async () => {
    const { status } = await gateway.admin('POST', '/model-providers', { ...base(), id: 'gamma', api_key: null })
    expect(status).toBe(422)
  })
})
