import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { decode, isEncoded } from './body.ts'
import { toFailure } from './failure.ts'
import { responseHeaders } from './headers.ts'
import type { Watch } from './watch.ts'

export interface Answer {
  status: number
  headers: Headers
  /** Decoded; ends with the watch. */
  body: Readable
  /** By RFC 9110 §6.4.1, whatever the other side sends. */
  bodyless: boolean
}

/** Throws `OutboundFailed` for a head that a `Response` cannot have. */
export function readAnswer(response: IncomingMessage, method: string, host: string, watch: Watch): Answer {
  try {
    const { statusCode: status = 0 } = response
    const bodyless = method === 'HEAD' || [204, 205, 304].includes(status)
    const decoded = !bodyless && isEncoded(response)
    const headers = responseHeaders(response.rawHeaders, decoded)
    if (status < 200 || status > 599) throw new RangeError('No status of HTTP')
    const body = decoded ? decode(response, host) : response
    endWith(watch, body)
    return { status, headers, body, bodyless }
  } catch (error) {
    response.destroy()
    throw toFailure(error, host, 'protocol')
  }
}

export function toResponse(
  { status, headers }: Answer,
  body: Buffer<ArrayBuffer> | ReadableStream<Uint8Array> | null,
): Response {
  return new Response(body, { status, headers })
}

function endWith({ signal, stop }: Watch, body: Readable): void {
  const end = () => body.destroy(signal.reason)
  if (signal.aborted) end()
  signal.addEventListener('abort', end, { once: true })
  body.once('close', stop)
  // Whoever reads hears of it then; before that, nobody listens, and Node would end the process.
  body.on('error', () => {})
}
