import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectionsOf, startConnections } from './connection-flows.ts'
import { startIdentityProvider } from './identity-provider.ts'
import { type Broker, startBroker } from './token-broker.ts'

let broker: Broker
beforeAll(async () => {
  broker = await startBroker()
})
afterAll(() => broker?.stop())

const samples = async ({ request }: Pick<Broker, 'request'>) =>
  (await request('/metrics')).text.split('\n').filter((line) => /^auth_agent_(connection|proxied)/.test(line))

test('refreshes and proxied calls are counted by provider and outcome, and by nothing that is somebody’s', async () => {
  const id = await broker.connection(-1)
  await broker.token(id)
  await broker.call('GET', `/v1/proxy/${id}/repos`)
  broker.provider.api = (_, response) => void response.writeHead(404).end()
  await broker.call('GET', `/v1/proxy/${id}/nothing`)
  broker.provider.api = (request) => void request.socket.destroy()
  await broker.call('GET', `/v1/proxy/${id}/gone`)
  const dead = await broker.connection(-1)
  broker.provider.always = { status: 400, body: { error: 'invalid_grant' } }
  await broker.token(dead)

  expect((await samples(broker)).sort()).toEqual([
    'auth_agent_connection_refreshes_total{provider="acme",outcome="dead"} 1',
    'auth_agent_connection_refreshes_total{provider="acme",outcome="refreshed"} 1',
    'auth_agent_proxied_requests_total{provider="acme",outcome="2xx"} 1',
    'auth_agent_proxied_requests_total{provider="acme",outcome="4xx"} 1',
    'auth_agent_proxied_requests_total{provider="acme",outcome="provider_unavailable"} 1',
  ])
})

test('consents are counted too, and a provider’s own words do not become labels', async () => {
  const server = await startConnections()
  const idp = await startIdentityProvider('client-1')
  await server.admin('POST', '/providers', { name: 'idp', issuer: idp.issuer, client_id: 'client-1' })
  const flows = connectionsOf(server, idp, (await server.makeAgent()).token)
  await flows.connect({})
  for (const error of ['access_denied', 'made_up_by_the_provider', 'and_another_one']) {
    const { state } = (await flows.request({})).body
    await flows.callback({ state, error })
  }
  expect((await samples(server)).sort()).toEqual([
    'auth_agent_connections_total{provider="idp",outcome="access_denied"} 1',
    'auth_agent_connections_total{provider="idp",outcome="other"} 2',
    'auth_agent_connections_total{provider="idp",outcome="success"} 1',
  ])
  const denied = server.logged.map((line) => JSON.parse(line)).find(({ reason }) => reason === 'denied')
  expect(denied.level).toBe('info')
  await idp.stop()
  await server.stop()
})

test('a provider that is out is a warning without a stack, not an error of ours', async () => {
  const id = await broker.connection(-1)
  broker.provider.always = { status: 500 }
  broker.wait(60)
  expect((await broker.token(id)).status).toBe(503)
  const lines = broker.logged.map((line) => JSON.parse(line))
  expect(lines.find(({ failure }) => failure === 'provider_unavailable')).toMatchObject({ level: 'warn' })
  expect(lines.filter(({ level }) => level === 'error')).toEqual([])
})
