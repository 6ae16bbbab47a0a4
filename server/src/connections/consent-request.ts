import { createHash } from 'node:crypto'
import type { Deps, Principal } from '../context.ts'
import { newId } from '../crypto/ids.ts'
import { insertConnectionFlow } from '../storage/connection-flows.ts'
import { type ConnectionRow, insertConnection, newConnection, reopenConnection } from '../storage/connections.ts'
import type { Work } from '../storage/database.ts'
import { authorizationUrl } from './authorization-url.ts'
import { browserHash } from './browser-binding.ts'
import type { OAuthClient } from './effective-provider.ts'
import { type Endpoints, endpointsOf } from './endpoints.ts'
import { sealFlowSecrets } from './flow-secrets.ts'
import { redirectUriOf } from './provider-registry.ts'

/** What a person is to be asked for. */
export interface WantedConsent {
  client: OAuthClient
  /** Of the provider's placeholders. */
  parameters: Record<string, string>
  scopes: string[]
  userRef: string
  /** Which of their accounts the person shall choose. */
  account: string | undefined
  /** The connection that is made again. */
  known: ConnectionRow | undefined
  returnUrl: string | null
  sessionChallenge: string | undefined
  browserBound: boolean
  /** Of the browser that asks, where it is one. */
  browserSecret: string | undefined
  /** Our origin, as that browser knows it: where one passes by that is not known yet. */
  startsAt: string
}

export interface RequestedConnection {
  authUrl: string
  state: string
  scopes: string[]
  provider_id: string
  connection_id: string
}

/** What is answered, and what has to be written first. */
export interface ConsentRequest {
  answer: RequestedConnection
  write(work: Work): Promise<void>
}

/** Makes what an OAuth flow is begun with: where the person goes, and what is remembered until they come back. */
export async function newConsentRequest(
  deps: Deps,
  wanted: WantedConsent,
  principal: Principal,
): Promise<ConsentRequest> {
  const { client, parameters, scopes, known, browserSecret } = wanted
  const endpoints = await endpointsOf(deps, client, parameters)
  const state = deps.random(32).toString('base64url')
  const secrets = {
    ...(client.provider.pkce && { verifier: deps.random(32).toString('base64url') }),
    ...(scopes.includes('openid') && { nonce: deps.random(16).toString('base64url') }),
  }
  const url = urlOf(deps, wanted, endpoints, { state, ...secrets })
  // A browser that is not known yet passes by us first.
  const passesBy = wanted.browserBound && browserSecret === undefined
  const answer = {
    authUrl: passesBy ? `${wanted.startsAt}/auth/start?state=${state}` : url,
    state,
    scopes,
    provider_id: client.provider.name,
    connection_id: known?.connection_id ?? newId(deps.random, 'conn'),
  }
  const sealed = { ...secrets, parameters, ...(passesBy && { authorization_url: url }) }
  return { answer, write: (work) => write(deps, work, wanted, answer, sealed, principal) }
}

function urlOf(
  deps: Deps,
  { client, scopes, account, known }: WantedConsent,
  { authorization, issuer }: Endpoints,
  { state, verifier, nonce }: { state: string; verifier?: string; nonce?: string },
): string {
  return authorizationUrl(client.provider, authorization, {
    clientId: client.clientId,
    redirectUri: redirectUriOf(deps, client.provider.name),
    state,
    scopes,
    nonce,
    challenge: verifier && createHash('sha256').update(verifier).digest('base64url'),
    loginHint: issuer === undefined ? undefined : (account ?? known?.account_label ?? undefined),
  })
}

async function write(
  deps: Deps,
  { trx, record }: Work,
  wanted: WantedConsent,
  { connection_id: connectionId, scopes, state, provider_id: provider }: RequestedConnection,
  secrets: Parameters<typeof sealFlowSecrets>[2],
  principal: Principal,
): Promise<void> {
  const { known, parameters, browserSecret } = wanted
  const now = deps.now()
  const until = now + deps.config.lifetimes.connectionFlow * 1000
  const connection = newConnection(
    {
      connection_id: connectionId,
      org_id: principal.orgId,
      user_ref: wanted.userRef,
      provider_name: provider,
      made_by: principal.id,
      status: 'pending',
      pending_until: until,
      scopes: JSON.stringify(scopes),
      parameters: JSON.stringify(parameters),
    },
    now,
  )
  // What is asked for once more stays as it is, while there are tokens.
  if (known) await reopenConnection(trx, connectionId, until, now)
  else await insertConnection(trx, connection)
  const stateHash = deps.ring.hash('connection_state', state)
  await insertConnectionFlow(trx, {
    state_hash: stateHash,
    connection_id: connectionId,
    org_id: principal.orgId,
    provider_name: provider,
    redirect_uri: redirectUriOf(deps, provider),
    return_url: wanted.returnUrl,
    scopes: JSON.stringify(scopes),
    secrets_sealed: sealFlowSecrets(deps.ring, stateHash, secrets),
    browser_bound: wanted.browserBound ? 1 : 0,
    browser_hash: browserSecret === undefined ? null : browserHash(deps, browserSecret),
    expected_account: known?.account_id ?? null,
    session_challenge: wanted.sessionChallenge ?? null,
    reconnects: known ? 1 : 0,
    created_at: now,
    expires_at: until,
    used_at: null,
  })
  record({
    at: now,
    org_id: principal.orgId,
    actor: principal.id,
    action: 'connection.requested',
    target: connectionId,
    ...(principal.kind === 'agent' && { agent_id: principal.id }),
    detail: { provider, scopes, reconnect: known !== undefined },
  })
}
