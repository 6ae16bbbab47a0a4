import type { Context } from 'hono'
import type { JSONWebKeySet } from 'jose'
import type { Deps, Env } from '../context.ts'
import { BASIC_CHALLENGE, basicCredentials } from '../http/authorization.ts'
import { ApiError } from '../http/errors.ts'
import type { Form } from '../http/form.ts'
import { header } from '../http/node-request.ts'
import { type AgentWithOwner, findAgentWithSecrets, isDisabled } from '../storage/agents.ts'
import { type ClientRow, findClientWithSecrets } from '../storage/clients.ts'
import { useAssertion, verifyAssertion } from './assertion.ts'
import { failAttempt } from './failed-attempts.ts'
import { isLiveSecret } from './machine-secret.ts'

/** Who calls an OAuth endpoint: a registered client, or an agent for itself. */
export type Caller =
  | { kind: 'client'; id: string; orgId: string; client: ClientRow }
  | { kind: 'agent'; id: string; orgId: string; agent: AgentWithOwner }

export const CLIENT_AUTH_METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'] as const
export type ClientAuthMethod = (typeof CLIENT_AUTH_METHODS)[number]

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const ASSERTION_LIFETIME_S = 300
/** RFC 7523 asks for none; RFC 7523bis gives it a name of its own. */
const CLIENT_ASSERTION_TYPES = [undefined, 'JWT', 'jwt', 'client-authentication+jwt']

interface Credentials {
  id: string
  method: ClientAuthMethod
  /** The secret or the assertion; empty for a public client. */
  proof: string
}

/** RFC 6749 §2.3, OAuth 2.1 §2.4: exactly one method, and the one the client is registered for. */
export async function authenticateClient(deps: Deps, c: Context<Env>, form: Form): Promise<Caller> {
  const credentials = readCredentials(c, form)
  const caller = credentials.id.startsWith('agent_')
    ? await authenticateAgentClient(deps, credentials)
    : await authenticateRegisteredClient(deps, credentials)
  return caller ?? refuse(deps, c, credentials)
}

/** Endpoints that tell or change something about tokens are not for the public (RFC 7662 §2.1). */
export function isConfidential(caller: Caller): boolean {
  return caller.kind === 'agent' || caller.client.token_endpoint_auth_method !== 'none'
}

function readCredentials(c: Context<Env>, form: Form): Credentials {
  const found: Credentials[] = []
  const basic = basicCredentials(header(c, 'authorization'))
  if (basic) found.push({ id: basic.id, method: 'client_secret_basic', proof: basic.secret })
  const id = form.get('client_id')
  const secret = form.get('client_secret')
  if (secret !== undefined) found.push({ id: id ?? '', method: 'client_secret_post', proof: secret })
  const assertion = form.get('client_assertion')
  if (assertion !== undefined || form.get('client_assertion_type') !== undefined)
    found.push(assertionCredentials(form, id))

  if (found.length > 1) throw new ApiError('invalid_request', 'Use one way of client authentication, not several')
  const [credentials = { id: id ?? '', method: 'none', proof: '' }] = found
  if (id !== undefined && id !== credentials.id)
    throw new ApiError('invalid_request', 'The client_id in the body is not the one that authenticates')
  if (credentials.id === '' || credentials.id.includes('\0'))
    throw new ApiError('invalid_client', 'Client authentication is missing', { headers: BASIC_CHALLENGE })
  return credentials as Credentials
}

/** RFC 7523 §2.2: `client_id` is optional, the assertion's subject says who it is. */
function assertionCredentials(form: Form, id: string | undefined): Credentials {
  if (form.get('client_assertion_type') !== JWT_BEARER)
    throw new ApiError('invalid_request', `The client_assertion_type must be ${JWT_BEARER}`)
  const proof = form.required('client_assertion')
  return { id: id ?? unverifiedSubject(proof), method: 'private_key_jwt', proof }
}

function unverifiedSubject(jwt: string): string {
  try {
    const { sub } = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
    return typeof sub === 'string' ? sub : ''
  } catch {
    return ''
  }
}

async function authenticateRegisteredClient(
  deps: Deps,
  { id, method, proof }: Credentials,
): Promise<Caller | undefined> {
  const { client, secretHashes } = await findClientWithSecrets(deps.db.read, id, deps.now())
  const right =
    method === 'private_key_jwt'
      ? await isRightAssertion(deps, id, client?.jwks ?? null, proof)
      : method === 'none' || isLiveSecret(deps.ring, 'client_secret', proof, secretHashes)
  if (!client || !isRegisteredMethod(client, method) || !right) return undefined
  return { kind: 'client', id, orgId: client.org_id, client }
}

/** The method that the client chose; who chose none may send its secret either way, as client libraries differ in their default. */
function isRegisteredMethod({ token_endpoint_auth_method: chosen }: ClientRow, method: ClientAuthMethod): boolean {
  return chosen === null ? method === 'client_secret_basic' || method === 'client_secret_post' : chosen === method
}

/** An agent is a client for itself: by the secret it signs in with, or by a client assertion of its key. */
async function authenticateAgentClient(deps: Deps, { id, method, proof }: Credentials): Promise<Caller | undefined> {
  const { agent, secretHashes } = await findAgentWithSecrets(deps.db.read, id, deps.now())
  const keys = agent?.jwk ? JSON.stringify({ keys: [JSON.parse(agent.jwk)] }) : null
  const right =
    method === 'private_key_jwt'
      ? await isRightAssertion(deps, id, keys, proof)
      : method !== 'none' && isLiveSecret(deps.ring, 'agent_secret', proof, secretHashes)
  if (!agent || !right) return undefined
  if (isDisabled(agent)) throw new ApiError('invalid_client', 'The agent is disabled')
  if (agent.min_level > 1 && method !== 'private_key_jwt')
    throw new ApiError('unauthorized_client', 'The secret alone is not enough for this agent: send a client_assertion')
  return { kind: 'agent', id, orgId: agent.org_id, agent }
}

async function isRightAssertion(deps: Deps, subject: string, jwks: string | null, jwt: string): Promise<boolean> {
  const keys: JSONWebKeySet = jwks === null ? { keys: [] } : JSON.parse(jwks)
  const claims = await verifyAssertion(deps, jwt, {
    subject,
    keys,
    types: CLIENT_ASSERTION_TYPES,
    maxLifetime: ASSERTION_LIFETIME_S,
  })
  return claims !== undefined && (await useAssertion(deps, subject, claims))
}

function refuse(deps: Deps, c: Context<Env>, { id, method }: Credentials): Promise<never> {
  // RFC 6749 §5.2: a client that tried the header is answered in its scheme.
  const headers = method === 'client_secret_basic' ? BASIC_CHALLENGE : {}
  return failAttempt(deps, {
    name: id,
    address: c.get('address'),
    error: new ApiError('invalid_client', 'Client authentication failed', { headers }),
  })
}
