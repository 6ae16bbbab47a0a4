import { OutboundRefused } from './failure.ts'

/** What `fetch` takes as far as it concerns us: modes, caches and redirects are a browser's matter. */
export interface CallInit {
  method?: string | undefined
  headers?: RequestInit['headers'] | undefined
  /** A `ReadableStream` is sent as it comes, by chunks or by the `content-length` given; anything else whole. */
  body?: RequestInit['body'] | undefined
  signal?: AbortSignal | null | undefined
  /** For callers that were written for `fetch`: a 3xx is always returned as it is. */
  redirect?: RequestInit['redirect'] | undefined
  duplex?: 'half' | undefined
}

export interface Call {
  method: string
  headers: Headers
  body: Buffer | ReadableStream<Uint8Array> | undefined
}

/** Methods that may have a body, as they are written. */
const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

/** Throws `OutboundRefused` for what cannot be said in HTTP. */
export async function readCall(url: URL, { method = 'GET', headers = {}, body = null }: CallInit): Promise<Call> {
  try {
    // What most calls are: a `Request` takes longer to make than all the rest of a call to send.
    if (typeof body === 'string' && WITH_BODY.has(method))
      return { method, headers: headersOfText(headers), body: Buffer.from(body) }
    // Of Node's fetch alone: browsers' types, by which the console is checked, know no `duplex`.
    const init = { method, headers, body, duplex: 'half' as const }
    const request = new Request(url, init)
    return {
      method: request.method,
      headers: request.headers,
      body: body instanceof ReadableStream ? body : await wholeBody(request),
    }
  } catch {
    // Without its cause: it cites the header.
    throw new OutboundRefused('bad_request', url.hostname)
  }
}

/** As `fetch` has it. */
function headersOfText(given: NonNullable<CallInit['headers']>): Headers {
  const headers = new Headers(given)
  if (!headers.has('content-type')) headers.set('content-type', 'text/plain;charset=UTF-8')
  return headers
}

/** RFC 9110 §9.2.1: what only reads can be asked twice. */
export function isSafe(method: string): boolean {
  return ['GET', 'HEAD', 'OPTIONS'].includes(method)
}

async function wholeBody(request: Request): Promise<Buffer | undefined> {
  return request.body ? Buffer.from(await request.arrayBuffer()) : undefined
}

/** Tells whoever makes a stream that it is not wanted, unless somebody reads it, who does so. */
export function abandon(body: CallInit['body']): void {
  if (body instanceof ReadableStream && !body.locked) body.cancel().catch(() => {})
}
