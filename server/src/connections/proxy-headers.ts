import type { ApiKeyProvider, HeaderPlace, OAuthProvider, Provider } from './providers/provider.ts'
import { basicOf } from './token-request.ts'

/** The caller's own credentials, where it is, who it is, and what would make another method of the one we checked. */
const NOT_SENT =
  /^(authorization|cookie2?|x-api-key|host|origin|referer|forwarded|via|x-real-ip|x-client-ip|true-client-ip|x-request-id|idempotent-retry|x-(http-)?method(-override)?|(x-forwarded|x-auth-agent|proxy|sec|cf|fly|x-vercel|x-amzn)-.*)$/i

/** What would set something on our origin, or speak of the provider's. */
const NOT_PASSED_ON =
  /^(set-cookie2?|strict-transport-security|public-key-pins.*|alt-svc|clear-site-data|service-worker-allowed|nel|report-to|refresh|content-security-policy.*|access-control-.*|cross-origin-.*|x-request-id|x-frame-options|link)$/i

/** Where a provider wants its credential. */
export interface Credential {
  headers: Record<string, string>
  query: Record<string, string>
}

const BEARER: HeaderPlace = { header: 'authorization', prefix: 'Bearer ' }

/** How a call to the API carries the secret. RFC 6750 §2.1, where the catalogue does not say otherwise. */
export function credentialOf(provider: Provider, secret: string): Credential {
  const place = placeOf(provider)
  if ('query' in place) return { headers: {}, query: { [place.query]: secret } }
  if ('header' in place) return { headers: { [place.header]: `${place.prefix ?? ''}${secret}` }, query: {} }
  const other = place.other ?? ''
  const [username, password] = place.basic === 'username' ? [secret, other] : [other, secret]
  return { headers: { authorization: basicOf(username, password) }, query: {} }
}

function placeOf(provider: OAuthProvider | ApiKeyProvider) {
  return provider.kind === 'oauth2' ? (provider.api_token ?? BEARER) : provider.api_key
}

/** What the caller said, with the provider's own headers and the credential in the place of theirs. */
export function sentHeaders(given: Headers, provider: Provider, credential: Credential): Headers {
  const headers = new Headers()
  for (const [name, value] of given) if (!NOT_SENT.test(name)) headers.append(name, value)
  for (const [name, value] of Object.entries({ ...provider.api_headers, ...credential.headers }))
    headers.set(name, value)
  return headers
}

/** What the provider said, as far as it concerns the caller; shown by no browser, kept by no cache. */
export function passedHeaders(given: Headers, scrub: (text: string) => string): Headers {
  const headers = new Headers()
  for (const [name, value] of given) if (!NOT_PASSED_ON.test(name)) headers.append(name, scrub(value))
  headers.set('cache-control', 'no-store')
  headers.set('content-security-policy', "sandbox; default-src 'none'; frame-ancestors 'none'")
  return headers
}
