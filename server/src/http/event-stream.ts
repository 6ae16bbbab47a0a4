import { ApiError } from './errors.ts'

export interface ServerSentEvent {
  event?: string
  /** Empty where there is nothing to dispatch: comments, `id` and `retry`, lines left blank. */
  data: string
  /** What stood in the stream, to its blank line: all of them in order are the stream, byte for byte. */
  raw: Uint8Array
}

const LF = 10
const CR = 13
const MAX_EVENT_BYTES = 4_000_000
const KEPT_BETWEEN_EVENTS = 65_536
const NOWHERE = Number.POSITIVE_INFINITY

export interface EventScanner {
  /** The events that end in this chunk. Their `raw` may be part of it. */
  push(chunk: Uint8Array): ServerSentEvent[]
  /** What is left when the stream has ended. */
  flush(): ServerSentEvent[]
}

/**
 * Server-sent events out of bytes, however they were cut. WHATWG HTML §9.2.6, with two liberties: what the stream left
 * unfinished at its end is an event too, since the last one tells what was used; and a CR waits for the byte behind it.
 */
export function createEventScanner(maxBytes = MAX_EVENT_BYTES): EventScanner {
  const boundaries = createBoundaries()
  let kept = Buffer.alloc(0)
  let keptBytes = 0
  let isFirst = true

  function take(rest: Buffer): ServerSentEvent {
    limit(keptBytes + rest.length)
    const raw = keptBytes === 0 ? rest : Buffer.concat([kept.subarray(0, keptBytes), rest])
    keptBytes = 0
    // An event of megabytes need not hold them for the rest of a long stream.
    if (kept.length > KEPT_BETWEEN_EVENTS) kept = Buffer.alloc(0)
    const text = raw.toString('utf8')
    const fields = readFields(isFirst && text.startsWith('\uFEFF') ? text.slice(1) : text)
    isFirst = false
    return { ...fields, raw }
  }

  /** Grows by doubling: an event that comes byte by byte costs no more than its size. */
  function keep(rest: Buffer): void {
    const size = keptBytes + rest.length
    limit(size)
    if (size > kept.length) {
      const grown = Buffer.alloc(Math.max(size, kept.length * 2))
      kept.copy(grown, 0, 0, keptBytes)
      kept = grown
    }
    rest.copy(kept, keptBytes)
    keptBytes = size
  }

  function limit(size: number): void {
    if (size > maxBytes)
      throw new ApiError('upstream_error', 'An event of the stream is too large to pass on; try again')
  }

  return {
    push(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      const events: ServerSentEvent[] = []
      let start = 0
      for (const end of boundaries(bytes)) {
        events.push(take(bytes.subarray(start, end)))
        start = end
      }
      keep(bytes.subarray(start))
      return events
    },
    flush: () => (keptBytes > 0 ? [take(Buffer.alloc(0))] : []),
  }
}

/** Where a blank line has ended, chunk after chunk. */
function createBoundaries(): (bytes: Buffer) => number[] {
  let inLine = false
  let afterCr = false
  let afterBlank = false

  return (bytes) => {
    const ends: number[] = []
    let at = 0
    let lf = -1
    let cr = -1
    while (at < bytes.length) {
      if (afterCr) {
        // CRLF is one end of a line, wherever it was cut.
        if (bytes[at] === LF) at++
        if (afterBlank) ends.push(at)
        afterCr = afterBlank = false
        continue
      }
      if (lf < at) lf = indexOf(bytes, LF, at)
      if (cr < at) cr = indexOf(bytes, CR, at)
      const end = Math.min(lf, cr)
      const isBlank = !inLine && end === at
      inLine = end === NOWHERE
      at = end + 1
      afterCr = end === cr && !inLine
      if (afterCr) afterBlank = isBlank
      else if (isBlank) ends.push(at)
    }
    return ends
  }
}

function indexOf(bytes: Buffer, byte: number, from: number): number {
  const at = bytes.indexOf(byte, from)
  return at < 0 ? NOWHERE : at
}

const LINE_END = /\r\n|\n|\r/

function readFields(text: string): { event?: string; data: string } {
  // What nearly every event of a model is: one line of data.
  if (text.startsWith('data: ') && text.indexOf('\n') === text.length - 2 && !text.includes('\r'))
    return { data: text.slice(6, -2) }
  const data: string[] = []
  let event = ''
  for (const line of text.split(LINE_END)) {
    const [field, value] = readLine(line)
    if (field === 'data') data.push(value)
    else if (field === 'event') event = value
  }
  return { ...(event !== '' && { event }), data: data.join('\n') }
}

function readLine(line: string): [field: string, value: string] {
  const colon = line.indexOf(':')
  if (colon < 0) return [line, '']
  return [line.slice(0, colon), line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)]
}

/** `data` of several lines becomes several lines of data, as a reader joins them again. */
export function writeEvent(data: string, event?: string): Uint8Array<ArrayBuffer> {
  const name = event === undefined ? '' : `event: ${event}\n`
  return Buffer.from(`${name}data: ${data.split(LINE_END).join('\ndata: ')}\n\n`)
}
