import type { Readable } from 'node:stream'
import type { Context } from 'hono'
import type { Env } from '../context.ts'
import { ApiError } from './errors.ts'
import { header, nodeRequest } from './node-request.ts'

/** Forms and management calls are small; a larger body is a mistake or an attack. Model calls have their own limit. */
const SMALL_BODY_BYTES = 256 * 1024

/** The body as strict UTF-8. */
export async function readText(c: Context<Env>, limit = SMALL_BODY_BYTES): Promise<string> {
  if (Number(header(c, 'content-length') ?? 0) > limit) throw tooLarge(limit)
  refuseEncoded(header(c, 'content-encoding'))
  const incoming = nodeRequest(c)
  const reading = incoming ? readIncoming(incoming, limit) : readStream(c.req.raw.body, limit)
  return decodeUtf8(await inTime(reading, c.get('bodyMs')))
}

/** Nothing is unpacked here: a few bytes could become very many. RFC 9110 §8.4. */
function refuseEncoded(encoding = 'identity'): void {
  if (encoding.trim().toLowerCase() !== 'identity')
    throw new ApiError('unsupported_media_type', 'Send the body as it is, without Content-Encoding', {
      headers: { 'Accept-Encoding': 'identity' },
    })
}

/** Nobody waits any longer for a body that comes in drops; the connection has it in its way, and is closed. RFC 9110 §15.5.9. */
function inTime<T>(reading: Promise<T>, ms: number | undefined): Promise<T> {
  if (ms === undefined) return reading
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(tooSlow(ms)), ms)
    reading.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

function tooSlow(ms: number): ApiError {
  return new ApiError('request_timeout', `The body did not arrive within ${ms / 1000} s; send it again`, {
    headers: { Connection: 'close' },
  })
}

/** From Node's own stream: a web stream around it costs more than the whole parsing. */
function readIncoming(incoming: Readable, limit: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= limit) chunks.push(chunk)
      else reject(tooLarge(limit))
    })
    incoming.once('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)))
    incoming.once('error', (error) => reject(brokenOff(error)))
    // Also after the end, when there is nothing to say any more, and an error would cost its stack.
    incoming.once('close', () => incoming.readableEnded || reject(brokenOff(undefined)))
  })
}

async function readStream(body: AsyncIterable<Uint8Array> | null, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > limit) throw tooLarge(limit)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The caller hung up; nobody is there to read the answer. */
function brokenOff(cause: unknown): ApiError {
  return new ApiError('invalid_request', 'The body broke off', { cause })
}

export function mediaType(c: Context<Env>): string {
  return (header(c, 'content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes)
  } catch {
    throw new ApiError('invalid_request', 'The body is not UTF-8')
  }
}

function tooLarge(limit: number): ApiError {
  return new ApiError('payload_too_large', `The body is larger than ${limit} bytes`)
}
