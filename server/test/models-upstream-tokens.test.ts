import { generateKeyPairSync } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type ModelGateway, PRICE, startModelGateway } from './model-gateway.ts'
import { type ModelUpstream, type SeenCall, says, sendJson, startModelUpstream } from './model-upstream.ts'

let gateway: ModelGateway
/** An identity provider: its tokens are numbered. */
let provider: ModelUpstream
let given = 0
let life = 3600
let providers = 0
beforeAll(async () => {
  gateway = await startModelGateway()
  provider = await startModelUpstream()
})
afterEach(() => {
  gateway.upstream.reset()
  provider.reset()
  life = 3600
})
afterAll(async () => {
  await provider?.stop()
  await gateway?.stop()
})

const tokens = (_call: SeenCall, response: ServerResponse) =>
  sendJson(response, 200, { access_token: `upstream-canary-${++given}`, token_type: 'Bearer', expires_in: life })
const sent = () => gateway.upstream.seen.map(({ headers }) => headers.authorization)

async function azure(more: object = {}) {
  const id = `azure${providers++}`
  provider.answer = tokens
  await gateway.addProvider({
    id,
    kind: 'azure-openai',
    base_url: gateway.upstream.origin,
    oauth2: {
      token_url: `${provider.origin}/token`,
      client_id: 'us',
      client_secret: 'canary-client-secret',
      scope: 'cog',
    },
    models: [{ id: 'm', price: PRICE }],
    ...more,
  })
  const ada = await gateway.caller(100_000)
  return { ask: (body: object = {}) => ada.chat({ model: `${id}/m`, ...body }) }
}

test('a hundred calls at once without a token ask for one', async () => {
  const { ask } = await azure()
  const answers = await Promise.all(Array.from({ length: 100 }, () => ask()))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect(provider.seen).toHaveLength(1)
  expect(provider.seen[0]?.body).toMatchObject({ grant_type: 'client_credentials', scope: 'cog' })
  expect(new Set(sent())).toEqual(new Set([`Bearer upstream-canary-${given}`]))
  expect(gateway.upstream.seen[0]?.headers['api-key']).toBeUndefined()
})

test('a token is renewed five minutes before its end, behind the back of calls that it still serves', async () => {
  const { ask } = await azure()
  await ask()
  const first = given
  gateway.wait(3600 - 301)
  await ask()
  expect(provider.seen).toHaveLength(1)
  gateway.wait(2)
  await ask()
  await expect.poll(() => provider.seen.length).toBe(2)
  await ask()
  expect(sent()).toEqual([...Array(3).fill(`Bearer upstream-canary-${first}`), `Bearer upstream-canary-${first + 1}`])
})

test('one that lives shorter is renewed at half of its life', async () => {
  life = 60
  const { ask } = await azure()
  await ask()
  gateway.wait(29)
  await ask()
  expect(provider.seen).toHaveLength(1)
  gateway.wait(2)
  await ask()
  await expect.poll(() => provider.seen.length).toBe(2)
})

test('while the identity provider is down the token is used to its end, and somebody is told', async () => {
  const { ask } = await azure()
  await ask()
  provider.answer = (_call, response) => sendJson(response, 503, {})
  gateway.wait(3600 - 200)
  expect((await ask()).status).toBe(200)
  await expect.poll(() => provider.seen.length).toBe(2)
  expect((await ask()).status).toBe(200)
  expect(gateway.logged.some((line) => line.includes('"level":"error"') && line.includes('could not be renewed'))).toBe(
    true,
  )
  gateway.wait(200)
  const over = await ask()
  expect([over.status, over.body.error.code]).toEqual([502, 'upstream_error'])
  expect(over.text).not.toContain(provider.origin)
  provider.answer = tokens
  gateway.wait(60)
  expect((await ask()).status).toBe(200)
})

test('a token that the upstream refuses is renewed once, and the call made once more', async () => {
  const { ask } = await azure()
  await ask()
  const first = given
  gateway.upstream.answer = (call, response) =>
    call.headers.authorization === `Bearer upstream-canary-${first}`
      ? sendJson(response, 401, {})
      : says('Hi')(call, response)
  expect((await ask()).status).toBe(200)
  expect(provider.seen).toHaveLength(2)
  gateway.upstream.answer = (_call, response) => sendJson(response, 401, {})
  gateway.upstream.seen.length = 0
  gateway.wait(31)
  expect((await ask()).status).toBe(502)
  expect(gateway.upstream.seen).toHaveLength(2)
  expect(provider.seen).toHaveLength(3)
})

test('Vertex is let in by a service account’s token, Bedrock by a signature of each call', async () => {
  provider.answer = tokens
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  await gateway.addProvider({
    id: 'vertex',
    kind: 'vertex',
    base_url: gateway.upstream.origin,
    service_account: {
      client_email: 'robot@project.example',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      token_uri: `${provider.origin}/token`,
    },
    models: [{ id: 'gemini', upstream_model: 'google/gemini', price: PRICE }],
  })
  await gateway.addProvider({
    id: 'bedrock',
    kind: 'bedrock',
    base_url: gateway.upstream.origin,
    aws: {
      region: 'us-east-1',
      access_key_id: 'AKIAEXAMPLEEXAMPLE00',
      secret_access_key: 'canary-aws-secret',
      session_token: 'canary-session-token',
    },
    models: [{ id: 'oss', price: PRICE }],
  })
  const ada = await gateway.caller(100_000)
  expect((await ada.chat({ model: 'vertex/gemini' })).status).toBe(200)
  expect((await ada.chat({ model: 'bedrock/oss', stream: true })).text).toContain('[DONE]')
  const [vertex, bedrock] = gateway.upstream.seen
  expect(vertex?.headers.authorization).toBe(`Bearer upstream-canary-${given}`)
  expect(vertex?.body.model).toBe('google/gemini')
  expect(bedrock?.headers.authorization).toMatch(
    /^AWS4-HMAC-SHA256 Credential=AKIAEXAMPLEEXAMPLE00\/20260\d{3}\/us-east-1\/bedrock\/aws4_request, SignedHeaders=[a-z0-9;-]+, Signature=[0-9a-f]{64}$/,
  )
  expect(bedrock?.headers['x-amz-security-token']).toBe('canary-session-token')
  expect(gateway.upstream.seen.map(({ path }) => path).join()).not.toMatch(/canary/)
})

test('and nothing of all that is in a log, an event or an answer', async () => {
  const told = JSON.stringify([
    gateway.logged,
    (await gateway.admin('GET', '/audit-log?limit=200')).body,
    (await gateway.admin('GET', '/model-providers')).body,
  ])
  for (const secret of [
    'upstream-canary',
    'canary-client-secret',
    'canary-aws-secret',
    'canary-session-token',
    'PRIVATE KEY',
  ])
    expect([secret, told.includes(secret)]).toEqual([secret, false])
})
