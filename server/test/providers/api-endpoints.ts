import { put } from './answer-shape.ts'
import type { Answer } from './faults.ts'
import { type Asked, carriedBy, checkHeaders, refuseUnless } from './request-checks.ts'
import { json, type World } from './world.ts'

/** Where the provider says whose account it is. */
export function account({ entry, issued, key, account: whose }: World, asked: Asked): Answer {
  checkCredential({ entry, issued, key }, asked)
  const wanted = entry.account
  if (wanted?.url === undefined) return json(200, { sub: whose.id, email: whose.label })
  refuseUnless(asked.method === (wanted.method ?? 'GET'), 'invalid_request', `it is asked by ${wanted.method ?? 'GET'}`)
  if (wanted.body !== undefined) bodyIsJson(asked)
  checkHeaders(wanted.headers, asked)
  return json(200, put(put({}, wanted.label, whose.label), wanted.id, whose.id))
}

function bodyIsJson({ headers }: Asked): void {
  const isJson = headers['content-type']?.startsWith('application/json')
  refuseUnless(isJson, 'invalid_request', 'the body is not said to be JSON')
}

/** Anything else of the API: says what it was asked, the credential included. */
export function api({ entry, issued, key }: World, asked: Asked): Answer {
  checkCredential({ entry, issued, key }, asked)
  const { method, url, headers, body, bytes } = asked
  return json(200, { method, path: url.pathname, query: url.search, headers, body, bytes })
}

function checkCredential({ entry, issued, key }: Pick<World, 'entry' | 'issued' | 'key'>, asked: Asked): void {
  const carried = carriedBy(entry, asked)
  const isGood = entry.kind === 'api_key' ? carried === key : issued.isLive(carried)
  refuseUnless(isGood, 'invalid_token', 'there is no good credential where the entry says')
  checkHeaders(entry.api_headers, asked)
}
