import { ApiError } from '../../http/errors.ts'
import { createEventScanner, type ServerSentEvent } from '../../http/event-stream.ts'
import { McpFault } from './fault.ts'

/** Of all that a server answers to one call: a list of tools with their schemas is long. */
const MAX_BYTES = 4 * 1024 * 1024

/** The whole body. */
export async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytesOf(response)) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/** The events as they come. Whoever stops reading ends the call. */
export async function* eventsOf(response: Response): AsyncGenerator<ServerSentEvent> {
  const scanner = createEventScanner(MAX_BYTES)
  try {
    for await (const chunk of bytesOf(response)) yield* scanner.push(chunk)
    yield* scanner.flush()
  } catch (thrown) {
    throw thrown instanceof ApiError ? new McpFault('too_large') : thrown
  }
}

async function* bytesOf({ body }: Response): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > MAX_BYTES) throw new McpFault('too_large')
    yield chunk
  }
}
