import type { Context } from 'hono'
import { ApiError } from './errors.ts'

/** Forms and management calls are small; a larger body is a mistake or an attack. Model calls have their own limit. */
const SMALL_BODY_BYTES = 256 * 1024

/** The body as strict UTF-8. */
export async function readText(c: Context, limit = SMALL_BODY_BYTES): Promise<string> {
  const declared = c.req.header('content-length')
  if (Number(declared ?? 0) > limit) throw tooLarge(limit)
  // A declared length is enforced by the HTTP parser, so that the body can be taken in one piece.
  if (declared !== undefined) return decodeUtf8(await whole(c))
  const body = c.req.raw.body
  if (!body) return ''
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of body) {
      size += chunk.length
      if (size > limit) throw tooLarge(limit)
      chunks.push(chunk)
    }
  } catch (error) {
    throw error instanceof ApiError ? error : brokenOff(error)
  }
  return decodeUtf8(Buffer.concat(chunks))
}

async function whole(c: Context): Promise<Uint8Array> {
  try {
    return new Uint8Array(await c.req.raw.arrayBuffer())
  } catch (error) {
    throw brokenOff(error)
  }
}

/** The caller hung up; nobody is there to read the answer. */
function brokenOff(cause: unknown): ApiError {
  return new ApiError('invalid_request', 'The body broke off', { cause })
}

export function mediaType(c: Context): string {
  return (c.req.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
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
