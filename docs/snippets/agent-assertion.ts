import { randomUUID } from 'node:crypto'
import { importJWK, type JWK, SignJWT } from 'jose'

interface AuthRequest {
  request_id: string
  client_id: string
  redirect_uri: string
  issuer: string
}

/** Sent as `agent_assertion` in place of `agent_secret`: proves the key, and is good for this one request alone. */
export async function signAssertion(request: AuthRequest, agentId: string, privateKey: JWK): Promise<string> {
  return new SignJWT({
    request_id: request.request_id,
    client_id: request.client_id,
    origin: new URL(request.redirect_uri).origin,
  })
    .setProtectedHeader({ alg: 'ES256', typ: 'agent-assertion+jwt' })
    .setIssuer(agentId)
    .setSubject(agentId)
    .setAudience(request.issuer)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime('60s')
    .sign(await importJWK(privateKey, 'ES256'))
}
