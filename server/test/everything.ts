import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { maintain } from '../src/maintenance.ts'
import { everythingOfPeople } from './everything-people.ts'
import { ADMIN_KEY, basic, ISSUER, newPkce, secretPost, type TestServer } from './harness.ts'

/**
 * Lets everything happen that has a secret in it, rightly and wrongly, and tells what nobody may find afterwards: by
 * name, so that a leak says what it is.
 */
export async function everything(server: TestServer): Promise<Map<string, string>> {
  const secrets = new Map<string, string>([['admin key', ADMIN_KEY]])
  const keep = (name: string, value: unknown) => {
    if (typeof value === 'string' && value.length >= 16) secrets.set(name, value)
  }
  const keepTokens = (name: string, body: Record<string, unknown>) => {
    for (const kind of ['access_token', 'refresh_token', 'id_token']) keep(`${name} ${kind}`, body[kind])
  }

  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const agent = await server.agent({ jwk: publicKey.export({ format: 'jwk' }) })
  const client = await server.client()
  const machine = await server.client({ grant_types: ['client_credentials'], scope: 'orders:read' })
  keep('agent secret', agent.agent_secret)
  keep('client secret', client.client_secret)
  keep('machine secret', machine.client_secret)

  for (const how of ['resume', 'status', 'form', 'assertion']) {
    const window = server.browser()
    const { page, pkce, requestId } = await window.open(client.client_id)
    keep(`${how} cookie`, [...window.jar.values()][0]?.split('.')[1])
    keep(`${how} verifier`, pkce.verifier)
    const pollToken = /"poll_token":"([^"]+)"/.exec(page.text)?.[1] ?? ''
    keep(`${how} poll token`, pollToken)
    const wrong = `aas_wrong_${randomUUID()}`
    keep(`${how} wrong secret`, wrong)
    await server.authenticate(requestId, { ...agent, agent_secret: wrong })

    const headers = { cookie: window.cookies() }
    const form = { request_id: requestId, agent_id: agent.agent_id, agent_secret: agent.agent_secret, model: 'm' }
    if (how === 'form') await window.post('/api/agent/authenticate', form, { accept: 'text/html' })
    else if (how === 'assertion') {
      const iat = Math.floor(server.deps.now() / 1000)
      const claims = { request_id: requestId, client_id: client.client_id, origin: 'https://shop.example' }
      const agent_assertion = await new SignJWT({ ...claims, jti: randomUUID(), iat, exp: iat + 60 })
        .setIssuer(agent.agent_id)
        .setSubject(agent.agent_id)
        .setAudience(ISSUER)
        .setProtectedHeader({ alg: 'EdDSA', typ: 'agent-assertion+jwt' })
        .sign(privateKey)
      keep('assertion', agent_assertion)
      await server.authenticate(requestId, agent, { agent_secret: undefined, agent_assertion }, headers)
    } else await server.authenticate(requestId, agent, {}, headers)

    await server.request(`/api/check-status?request_id=${requestId}`, { headers: { 'x-auth-agent-poll': pollToken } })
    await window.get(`/api/check-status/stream?request_id=${requestId}`)
    await window.get(`/authorize/resume?request_id=${requestId}`)
    const { code } = (await window.get(`/api/check-status?request_id=${requestId}`)).body
    keep(`${how} code`, code)
    await server.exchange(client, { code, verifier: newPkce().verifier })
    const exchanged = await server.exchange(client, { code, verifier: pkce.verifier })
    keepTokens(how, exchanged.body)
    const { access_token, refresh_token } = exchanged.body
    const refreshed = await server.refresh(client, refresh_token)
    keepTokens(`${how} refreshed`, refreshed.body)
    await server.request('/userinfo', { headers: { authorization: `Bearer ${access_token}` } })
    await server.request(`/userinfo?access_token=${access_token}`)
    await server.request('/v1/models', { headers: { authorization: `Bearer ${access_token}` } })
    await server.request('/api/admin/agents', { headers: { 'x-api-key': refresh_token } })
    await server.introspect(client, access_token)
    await server.post(`/token?code=${code}`, { code })
    await server.request(`/nothing/${code}?refresh_token=${refresh_token}`)
    if (how === 'resume') await server.refresh(client, refreshed.body.refresh_token)
    if (how === 'status') await server.post('/revoke', { token: access_token, ...secretPost(client) })
    if (how === 'form') await server.post('/revoke', { token: refresh_token, ...secretPost(client) })
    if (how === 'assertion') await server.exchange(client, { code, verifier: pkce.verifier })
  }

  const own = { grant_type: 'client_credentials' }
  keepTokens('agent', (await server.post('/token', own, basic(agent.agent_id, agent.agent_secret))).body)
  keepTokens('machine', (await server.post('/token', { ...own, ...secretPost(machine) })).body)
  const wrong = `acs_wrong_${randomUUID()}`
  keep('wrong client secret', wrong)
  await server.post('/token', own, basic(client.client_id, wrong))
  await server.post('/token', { ...own, client_id: client.client_id, client_secret: wrong })

  await everythingOfPeople(server, keep)

  for (const path of [`/agents/${agent.agent_id}`, `/clients/${client.client_id}`]) {
    const { body } = await server.admin('POST', `${path}/rotate`, { overlap: 60 })
    keep(`${path} rotated secret`, body.agent_secret ?? body.client_secret)
  }
  await server.admin('PUT', `/agents/${agent.agent_id}`, { agent_name: 'x', jwk: { secret: agent.agent_secret } })
  await server.admin('POST', `/agents/${agent.agent_id}/disable`)
  await server.deps.signingKeys.rotate()
  await maintain(server.deps)
  return secrets
}

/** Every way in which a secret might lie about. */
export function spellings(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const raw = Buffer.from(secret.replace(/^[a-z]+_/, ''), 'base64url')
  return [
    secret,
    secret.replace(/^[a-z]{2,4}_/, ''),
    encodeURIComponent(secret),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    ...(raw.length >= 32 ? [raw.toString('hex'), raw.toString('base64').replace(/=+$/, '')] : []),
    [...secret].reverse().join(''),
    ...withinBase64(bytes),
  ]
}

/** As it looks in the base64 of a longer text, where it may begin at each of three offsets. */
function withinBase64(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
    // The signs at the edges hold bits of what stands beside it.
    const inner = encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')]
  })
}
