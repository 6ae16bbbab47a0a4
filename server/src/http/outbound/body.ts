import type { IncomingMessage } from 'node:http'
import { pipeline, type Readable, type Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { OutboundFailed, toFailure } from './failure.ts'
import type { Watch } from './watch.ts'

/** RFC 9110 §8.4.1. We ask for none of them, and some servers do it anyway. */
const DECODERS: ReadonlyMap<string, () => Transform> = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
])

export function isEncoded(response: IncomingMessage): boolean {
  return encodingOf(response) !== 'identity'
}

/** The body as it was before it was encoded. Throws `OutboundFailed` for an encoding that we do not know. */
export function decode(response: IncomingMessage, host: string): Readable {
  const createDecoder = DECODERS.get(encodingOf(response))
  if (!createDecoder) throw new OutboundFailed('protocol', host)
  // Whatever ends one ends the other; who reads hears of it.
  return pipeline(response, createDecoder(), () => {})
}

function encodingOf(response: IncomingMessage): string {
  return response.headers['content-encoding']?.trim().toLowerCase() || 'identity'
}

/** The whole body in memory, or an `OutboundFailed` as soon as it is larger. */
export async function readWithin(body: Readable, maxBytes: number, host: string): Promise<Buffer<ArrayBuffer>> {
  // Copied, not collected: a million chunks of one byte would weigh a hundred times what they hold.
  let kept = Buffer.alloc(0)
  let size = 0
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (size + chunk.length > maxBytes) throw new OutboundFailed('too_large', host)
      if (size + chunk.length > kept.length) kept = enlarged(kept, Math.max(size + chunk.length, 2 * kept.length))
      size += chunk.copy(kept, size)
    }
  } catch (error) {
    throw toFailure(error, host, 'reset')
  }
  return kept.subarray(0, size)
}

function enlarged(buffer: Buffer<ArrayBuffer>, length: number): Buffer<ArrayBuffer> {
  const larger = Buffer.alloc(length)
  buffer.copy(larger)
  return larger
}

/** The body as it is read: nothing is taken from the other side before somebody wants it. */
export function streamed(body: Readable, host: string, watch: Watch): ReadableStream<Uint8Array> {
  const chunks = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await chunks.next().catch((error: unknown) => {
          throw toFailure(error, host, 'reset')
        })
        watch.moved()
        if (next.done) controller.close()
        else controller.enqueue(next.value)
      },
      cancel() {
        body.destroy()
      },
    },
    { highWaterMark: 0 },
  )
}
