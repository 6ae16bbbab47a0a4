import type { Deps } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import type { Form } from '../http/form.ts'
import { OutboundFailed, OutboundRefused } from '../http/outbound/failure.ts'
import type { ConnectionFlowRow } from '../storage/connection-flows.ts'
import type { ConnectionTable } from '../storage/schema.ts'
import { type Account, accountOf } from './account.ts'
import type { OAuthClient } from './effective-provider.ts'
import { type Endpoints, endpointsOf, jwksOf } from './endpoints.ts'
import { openFlowSecrets } from './flow-secrets.ts'
import { InvalidIdTokenError, verifyIdToken } from './id-token.ts'
import { withIntrospectedEnd } from './introspection.ts'
import { findProvider } from './provider-registry.ts'
import type { OAuthProvider } from './providers/provider.ts'
import { requestTokens } from './token-request.ts'
import { readTokenResponse, toldOfRefusal } from './token-response.ts'
import type { Tokens } from './vault.ts'

/** A person waits for the answer in their browser. */
const EXCHANGE_TIMEOUT_MS = 15_000

/** What a person's consent brought. */
export interface Consent {
  tokens: Tokens
  account: Account
  scopes: string[]
  parameters: Record<string, string>
}

/** There is no consent, or none that can be used. `error` is what the return_url is told. */
export class ConsentFailed extends Error {
  override readonly name = 'ConsentFailed'
  readonly reason: NonNullable<ConnectionTable['reason']>
  readonly error: string

  constructor(reason: ConsentFailed['reason'], error: string, options?: ErrorOptions) {
    super(`No consent: ${error}`, options)
    this.reason = reason
    this.error = error
  }
}

interface Returned {
  flow: ConnectionFlowRow
  /** The query of the callback. */
  answer: Form
}

/** From the provider's answer to tokens that can be stored. Throws `ConsentFailed`. */
export async function exchangeCode(deps: Deps, { flow, answer }: Returned): Promise<Consent> {
  try {
    const { parameters, ...secrets } = await openFlowSecrets(deps, flow)
    const client = await requireClient(deps, flow.provider_name)
    const endpoints = await endpointsOf(deps, client, parameters)
    checkAnswer(answer, endpoints)
    const { tokens, body } = await exchange(
      deps,
      client,
      endpoints,
      {
        grant_type: 'authorization_code',
        code: answer.get('code') ?? '',
        redirect_uri: flow.redirect_uri,
        ...(secrets.verifier !== undefined && { code_verifier: secrets.verifier }),
      },
      parameters,
    )
    const claims = await checkIdToken(deps, client, endpoints, tokens, secrets.nonce)
    const known = { ...parameters, ...callbackParameters(client.provider, answer) }
    const account = await accountOf(deps, client, { endpoints, tokens, claims, body, parameters: known })
    checkAccount(flow, account)
    const { id_token, ...rest } = tokens
    return {
      // One that could not be checked is not kept.
      tokens: claims && id_token !== undefined ? tokens : rest,
      account,
      scopes: tokens.scope?.split(' ').filter(Boolean) ?? JSON.parse(flow.scopes),
      parameters: known,
    }
  } catch (cause) {
    if (cause instanceof InvalidIdTokenError) throw new ConsentFailed('invalid_id_token', 'invalid_id_token', { cause })
    if (cause instanceof OutboundFailed || cause instanceof OutboundRefused || isFault(cause))
      throw new ConsentFailed('exchange_failed', 'exchange_failed', { cause })
    throw cause
  }
}

const FAULTS = ['provider_misconfigured', 'provider_unavailable', 'integrity_error']

/** The provider's, or of what we keep for it: the person is told, and can begin again. */
function isFault(thrown: unknown): boolean {
  return thrown instanceof ApiError && FAULTS.includes(thrown.code)
}

/** The operator may have taken it away while the person was there. */
async function requireClient(deps: Deps, name: string): Promise<OAuthClient> {
  const found = await findProvider(deps, name)
  if (found?.provider.kind !== 'oauth2' || found.clientId === null)
    throw new ConsentFailed('exchange_failed', 'exchange_failed')
  return { ...found, provider: found.provider, clientId: found.clientId }
}

/** RFC 6749 §4.1.2 and §4.1.2.1; RFC 9207 §2.4. */
function checkAnswer(answer: Form, endpoints: Endpoints): void {
  checkIssuer(answer.get('iss'), endpoints)
  const error = answer.get('error')
  if (error === 'access_denied') throw new ConsentFailed('denied', 'access_denied')
  if (error !== undefined)
    throw new ConsentFailed('exchange_failed', /^[a-z_]{1,64}$/.test(error) ? error : 'exchange_failed')
  if (answer.get('code') === undefined) throw new ConsentFailed('exchange_failed', 'exchange_failed')
}

/** A code that another server made must be sent to nobody (RFC 9207 §4). */
function checkIssuer(iss: string | undefined, { issuer, authorization, token, issParameter }: Endpoints): void {
  const mixedUp = () => new ConsentFailed('exchange_failed', 'invalid_issuer')
  if (iss === undefined) {
    if (issParameter) throw mixedUp()
    return
  }
  if (issuer !== undefined && !issuer.includes('{')) {
    if (iss !== issuer) throw mixedUp()
    return
  }
  // Where no issuer is pinned, it must at least be where the provider is.
  const hosts = [authorization, token].map((url) => new URL(url).host)
  if (!URL.canParse(iss) || !hosts.includes(new URL(iss).host)) throw mixedUp()
}

async function exchange(
  deps: Deps,
  client: OAuthClient,
  endpoints: Endpoints,
  parameters: Record<string, string>,
  values: Record<string, string>,
) {
  const raw = await requestTokens(deps, client, {
    url: endpoints.token,
    parameters,
    values,
    timeoutMs: EXCHANGE_TIMEOUT_MS,
  })
  const response = readTokenResponse(raw, client.provider.response, client.provider, deps.now())
  if (response.kind === 'tokens') {
    const { introspection } = endpoints
    if (response.endIsKnown || introspection === undefined) return response
    return { ...response, tokens: await withIntrospectedEnd(deps, client, introspection, response.tokens) }
  }
  const cause = new Error(`It answered ${toldOfRefusal(response)}`)
  throw new ConsentFailed('exchange_failed', 'exchange_failed', { cause })
}

/** What the id_token says, verified; undefined where there is none, or nothing to verify it by. */
async function checkIdToken(
  deps: Deps,
  { provider, clientId }: OAuthClient,
  endpoints: Endpoints,
  { id_token: idToken }: Tokens,
  nonce: string | undefined,
) {
  if (idToken === undefined || endpoints.issuer === undefined) return undefined
  const jwksUri = await jwksOf(deps, endpoints)
  if (jwksUri === undefined) return undefined
  const { issuer } = endpoints
  return verifyIdToken(deps, idToken, { issuer, issuerClaim: provider.issuer_claim, jwksUri, clientId, nonce })
}

/** What comes with the callback and calls to the API need later, such as Intuit's realmId. */
function callbackParameters({ callback_params = [] }: OAuthProvider, answer: Form): Record<string, string> {
  return Object.fromEntries(
    callback_params.flatMap((name) => {
      const value = answer.get(name)
      return value !== undefined && /^[\w.-]{1,200}$/.test(value) ? [[name, value]] : []
    }),
  )
}

/** Who reconnects must not come back as somebody else: everything that trusts the connection would act for them. */
function checkAccount({ expected_account }: ConnectionFlowRow, { id }: Account): void {
  if (expected_account !== null && id !== undefined && id !== expected_account)
    throw new ConsentFailed('exchange_failed', 'account_mismatch')
}
