import { put } from './answer-shape.ts'
import type { Answer } from './faults.ts'
import { type Asked, bodyOf, carriedBy, checkClient, checkHeaders, refuseUnless, single } from './request-checks.ts'
import { json, type OAuthWorld } from './world.ts'

/** The one way in which the provider takes a token back. */
export function revoke(world: OAuthWorld, asked: Asked): Answer {
  const { entry, issued } = world
  const { revocation } = entry
  refuseUnless(revocation, 'invalid_request', 'nothing is revoked here')
  const method = { rfc7009: 'POST', post_json: 'POST', delete: 'DELETE', get_query: 'GET' }[revocation.method]
  refuseUnless(asked.method === method, 'invalid_request', `revocation is done by ${method}`)
  checkHeaders(entry.api_headers, asked)
  const given = revocationParameters(world, asked)
  const bearer = revocation.auth === 'bearer' ? carriedBy(entry, asked) : undefined
  const token = revocation.parameter === null ? bearer : given.get(revocation.parameter ?? 'token')
  const isKind = String(token).startsWith(revocation.token === 'access_token' ? 'at-' : 'rt-')
  refuseUnless(isKind, 'invalid_request', `it wants the ${revocation.token}`)
  if (revocation.auth === 'bearer') refuseUnless(issued.isLive(bearer), 'invalid_token', 'the bearer token is not live')
  issued.revoke(token)
  return json(200, entry.response?.ok ? put({}, entry.response.ok, true) : {})
}

function revocationParameters({ entry, client }: OAuthWorld, asked: Asked): ReadonlyMap<string, unknown> {
  const { auth, method, parameter } = entry.revocation ?? { auth: 'none', method: 'rfc7009' }
  const query = single(asked.url.searchParams)
  if (parameter === null) refuseUnless(asked.body === '' && query.size === 0, 'invalid_request', 'there is more')
  const format = method === 'rfc7009' ? 'form' : 'json'
  const given = parameter === null || method === 'get_query' ? query : bodyOf(asked, format)
  if (method !== 'get_query') refuseUnless(query.size === 0, 'invalid_request', 'parameters are in the address')
  if (auth === 'client') checkClient(entry.token_endpoint_auth_method, asked, given, client)
  if (auth === 'basic') checkClient('client_secret_basic', asked, given, client)
  if (auth === 'post') checkClient('client_secret_post', asked, given, client)
  if (auth === 'client_id') checkClient('none', asked, given, client)
  if (auth === 'none') refuseUnless(!asked.headers.authorization, 'invalid_request', 'there is an Authorization header')
  return given
}
