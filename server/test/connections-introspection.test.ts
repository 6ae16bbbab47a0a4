import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type ConnectionsServer, connectionsOf, type Flows, startConnections } from './connection-flows.ts'
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts'

let server: ConnectionsServer
let idp: IdentityProvider
let flows: Flows
let token: string

beforeAll(async () => {
  idp = await startIdentityProvider('client-1')
  server = await startConnections()
  const provider = { name: 'idp', issuer: idp.issuer, client_id: 'client-1', client_secret: 'canary-client-secret' }
  await server.admin('POST', '/providers', provider)
  token = (await server.makeAgent()).token
  flows = connectionsOf(server, idp, token)
})
afterEach(() => idp.reset())
afterAll(async () => {
  await server?.stop()
  await idp?.stop()
})

const inSeconds = (seconds: number) => Math.floor(server.deps.now() / 1000) + seconds

/** The provider says nothing about a token's end, but to who introspects it. */
async function introspected(answer: object, status = 200) {
  await server.deps.db.write(({ trx }) => trx.deleteFrom('provider_document').execute())
  idp.behaviour.metadata = { introspection_endpoint: `${idp.issuer}/introspect` }
  idp.behaviour.token = { expires_in: undefined }
  idp.behaviour.override = ({ path }) => (path === '/introspect' ? { status, body: JSON.stringify(answer) } : undefined)
  const { connection_id: id } = await flows.connect({})
  const { body } = await flows.check(id)
  return { id, ends: Date.parse(body.expires_at) / 1000 }
}

test('a token whose end nobody told ends when its provider says that it does', async () => {
  const exp = inSeconds(900)
  const { id, ends } = await introspected({ active: true, exp })
  expect(ends).toBe(exp)
  const [asked] = idp.seen.filter(({ path }) => path === '/introspect')
  expect(asked?.form).toMatchObject({ token: expect.stringMatching(/^access-canary/), token_type_hint: 'access_token' })
  expect(asked?.headers.authorization).toMatch(/^Basic /)

  server.wait(700)
  const next = inSeconds(1800)
  idp.behaviour.override = ({ path }) =>
    path === '/introspect' ? { status: 200, body: JSON.stringify({ active: true, exp: next }) } : undefined
  const read = await server.call('GET', `/v1/token/${id}`, { token })
  expect(Date.parse(read.body.expires_at) / 1000).toBe(next)
})

test.each([
  ['that it is not active', { active: false, exp: 1 }, 200],
  ['a moment that is past', { active: true, exp: 1 }, 200],
  ['an end that nobody means', { active: true, exp: 1e300 }, 200],
  ['an end that is a word', { active: true, exp: 'soon' }, 200],
  ['nothing of an end', { active: true }, 200],
  ['that it fails', {}, 500],
  ['no JSON', 'x', 200],
])('where introspection says %s, the token is looked after in an hour', async (_, answer, status) => {
  const { ends } = await introspected(answer as object, status)
  expect(Math.abs(ends - inSeconds(3600))).toBeLessThanOrEqual(1)
})

test('an end that introspection tells to the microsecond is kept in whole milliseconds', async () => {
  const { ends } = await introspected({ active: true, exp: inSeconds(900) + 0.1234567 })
  expect(ends).toBe(inSeconds(900) + 0.123)
})

test('a token whose end is told is not asked about', async () => {
  await introspected({ active: true, exp: inSeconds(900) })
  idp.seen.length = 0
  idp.behaviour.token = {}
  await flows.connect({})
  expect(idp.calls('/introspect')).toBe(0)
})
