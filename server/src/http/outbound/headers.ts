import type { Call } from './call.ts'

/** RFC 9110 §7.6.1, with what else concerns one connection only. */
const OF_THE_CONNECTION = [
  'connection',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

/** The caller's headers but those of the connection; host, encoding and length are ours to say. */
export function requestHeaders({ headers: given, body }: Call, host: string): Record<string, string> {
  const headers = new Headers(given)
  dropConnection(headers)
  headers.delete('content-length')
  headers.set('host', host)
  // Nothing to bomb with, and nothing hidden from whoever scrubs the answer. Decoded if it comes compressed all the same.
  headers.set('accept-encoding', 'identity')
  if (!headers.has('accept')) headers.set('accept', '*/*')
  if (!headers.has('user-agent')) headers.set('user-agent', 'Auth-Agent')
  // Node frames the body of a DELETE in no way by itself: what follows would be read as another request.
  const length = body instanceof ReadableStream ? declaredLength(given) : body?.length
  if (length !== undefined) headers.set('content-length', String(length))
  else if (body) headers.set('transfer-encoding', 'chunked')
  return Object.fromEntries(headers)
}

/** What the caller says of the length of its stream. */
export function declaredLength(headers: Headers): number | undefined {
  const text = headers.get('content-length') ?? ''
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

/** @param raw Names and values in turn, as Node has them. Throws a `TypeError` for a value that HTTP does not allow. */
export function responseHeaders(raw: readonly string[], decoded: boolean): Headers {
  const headers = new Headers()
  for (let i = 0; i + 1 < raw.length; i += 2) headers.append(raw[i] ?? '', raw[i + 1] ?? '')
  dropConnection(headers)
  if (decoded) {
    headers.delete('content-encoding')
    headers.delete('content-length')
  }
  return headers
}

function dropConnection(headers: Headers): void {
  const named = (headers.get('connection') ?? '').split(',').map((name) => name.trim())
  for (const name of [...OF_THE_CONNECTION, ...named]) if (TOKEN.test(name)) headers.delete(name)
}

/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
