import { OutboundFailed } from '../http/outbound/failure.ts'
import { type BackendAnswer, BackendFailed } from './backend.ts'

/** Images and embeddings may be large; more is no answer of a model. */
const MAX_BYTES = 64 * 1024 * 1024

/** A whole answer, with the bytes that it came in. Throws `BackendFailed` for what breaks off, or is no JSON. */
export async function readJsonAnswer({ body }: BackendAnswer): Promise<{ answer: unknown; bytes: Uint8Array }> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of body ?? []) {
      chunks.push(chunk)
      size += chunk.length
      if (size > MAX_BYTES) throw new BackendFailed('protocol', 'The answer is too large')
    }
  } catch (thrown) {
    return brokenOff(thrown)
  }
  const bytes = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
  try {
    return { answer: JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()), bytes }
  } catch {
    throw new BackendFailed('protocol', 'The answer is no JSON')
  }
}

/** What reading a body throws, as ours. */
export function brokenOff(thrown: unknown): never {
  if (thrown instanceof BackendFailed) throw thrown
  const reason = thrown instanceof OutboundFailed && thrown.reason === 'timeout' ? 'timeout' : 'reset'
  throw new BackendFailed(reason, 'The answer broke off', { cause: thrown })
}
