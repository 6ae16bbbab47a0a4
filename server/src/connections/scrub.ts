/** Shorter ones stand in innocent texts too. */
const MIN_LENGTH = 8
const STAR = '*'.charCodeAt(0)

/** Takes secrets out of whatever passes, wherever its chunks are cut. What it gives is as long as what it got. */
export interface Scrubber {
  text(text: string): string
  stream(): TransformStream<Uint8Array, Uint8Array>
}

/** Finds each secret as it is, and as URLs, JSON and base64 would have it. */
export function createScrubber(secrets: readonly string[]): Scrubber {
  const needles = [...new Set(secrets.filter(({ length }) => length >= MIN_LENGTH).flatMap(spellings))]
    .sort((a, b) => b.length - a.length)
    .map((spelling) => Buffer.from(spelling))
  return {
    text: (text) => scrub(Buffer.from(text), needles).toString(),
    stream: () => scrubbedStream(needles),
  }
}

function spellings(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1)
  const url = encodeURIComponent(secret)
  const lowerUrl = url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())
  return [secret, json, json.replaceAll('/', '\\/'), url, lowerUrl, ...inBase64(secret)]
}

/** Base64 of a text that the secret stands in: it looks different at each of three offsets, but for its edges. */
function inBase64(secret: string): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]).toString('base64')
    // The signs at the edges hold bits of what stands beside the secret.
    const from = Math.ceil((offset * 8) / 6)
    const to = Math.floor(((offset + Buffer.byteLength(secret)) * 8) / 6)
    const inner = encoded.slice(from, to)
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')]
  })
}

/** Overwrites in place. */
function scrub<B extends Buffer>(bytes: B, needles: readonly Buffer[]): B {
  for (const needle of needles)
    for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + needle.length))
      bytes.fill(STAR, at, at + needle.length)
  return bytes
}

function scrubbedStream(needles: readonly Buffer[]): TransformStream<Uint8Array, Uint8Array> {
  let held: Buffer = Buffer.alloc(0)
  return new TransformStream({
    transform(chunk, controller) {
      // In place: what came over the wire is ours alone.
      const whole = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      const bytes = scrub(held.length === 0 ? whole : Buffer.concat([held, whole]), needles)
      const begun = bytes.length - beginningAtEnd(bytes, needles)
      held = bytes.subarray(begun)
      if (begun > 0) controller.enqueue(bytes.subarray(0, begun))
    },
    flush(controller) {
      if (held.length > 0) controller.enqueue(held)
    },
  })
}

/** How many of the last bytes may be the beginning of a secret: only those wait for the next chunk. */
function beginningAtEnd(bytes: Buffer, needles: readonly Buffer[]): number {
  return Math.max(0, ...needles.map((needle) => overlap(bytes, needle)))
}

/** The longest end of `bytes` that `needle` begins with, short of all of it. */
function overlap(bytes: Buffer, needle: Buffer): number {
  const first = needle[0] ?? 0
  const from = Math.max(0, bytes.length - needle.length + 1)
  for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1))
    if (bytes.compare(needle, 0, bytes.length - at, at) === 0) return bytes.length - at
  return 0
}
