import { createParser, type EventSourceMessage } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEventScanner, type ServerSentEvent, writeEvent } from '../src/http/event-stream.ts'

const utf8 = new TextEncoder()

function scan(bytes: Uint8Array, cuts: readonly number[] = []): ServerSentEvent[] {
  const scanner = createEventScanner()
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  const events = edges.slice(1).flatMap((edge, i) => scanner.push(bytes.slice(edges[i], edge)))
  return [...events, ...scanner.flush()]
}

const texts = (events: readonly ServerSentEvent[]) => events.filter(({ data }) => data !== '').map(({ data }) => data)
const dispatched = (events: readonly ServerSentEvent[]) =>
  events.filter(({ data }) => data !== '').map(({ event, data }) => ({ event, data }))

/** What another implementation, which decodes first, makes of the same text. */
function oracle(text: string) {
  const events: EventSourceMessage[] = []
  const parser = createParser({ onEvent: (event) => events.push(event) })
  parser.feed(text)
  parser.feed('\n\n')
  return events.filter(({ data }) => data !== '').map(({ event, data }) => ({ event: event || undefined, data }))
}

const field = fc.constantFrom('data', 'data', 'data', 'event', 'id', 'retry', ': a comment', 'unknown', '')
const value = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => text.replace(/[\r\n]/g, '')),
  fc.constantFrom('', ' ', '  x', ':', '🎈 é 漢字', '{"a":1}', '[DONE]'),
)
const line = fc.tuple(field, fc.constantFrom(':', ': ', ''), value).map((parts) => parts.join(''))
const lineEnd = fc.constantFrom('\n', '\r\n', '\r')
const stream = fc
  .array(
    fc.tuple(fc.oneof(line, fc.constant('')), lineEnd).map((pair) => pair.join('')),
    { maxLength: 40 },
  )
  .map((lines) => lines.join(''))
const cuts = fc.array(fc.nat(), { maxLength: 30 })

describe('the scanner of server-sent events', () => {
  test('reads what another implementation reads, however the bytes were cut', () => {
    fc.assert(
      fc.property(stream, cuts, (text, where) => {
        expect(dispatched(scan(utf8.encode(text), where))).toEqual(oracle(text))
      }),
      { numRuns: 1000 },
    )
  })

  test('loses and invents no byte, and cuts change no event', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          stream.map((text) => utf8.encode(text)),
          fc.uint8Array(),
        ),
        cuts,
        (bytes, where) => {
          const events = scan(bytes, where)
          expect(Buffer.concat(events.map(({ raw }) => raw))).toEqual(Buffer.from(bytes))
          expect(events).toEqual(scan(bytes))
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('gives an event as soon as its blank line is there', () => {
    const scanner = createEventScanner()
    expect(scanner.push(utf8.encode('data: one\n\ndata: tw')).map(({ data }) => data)).toEqual(['one'])
    expect(scanner.push(utf8.encode('o\n'))).toEqual([])
    expect(scanner.push(utf8.encode('\n')).map(({ data }) => data)).toEqual(['two'])
    expect(scanner.flush()).toEqual([])
  })

  test('takes CRLF for one end of a line even when it is cut in two', () => {
    expect(texts(scan(utf8.encode('data: a\r\n\r\ndata: b\r\n\r\n'), [8, 9, 10, 11, 19]))).toEqual(['a', 'b'])
  })

  test('joins a character that was cut in two', () => {
    expect(texts(scan(utf8.encode('data: 🎈\n\n'), [7, 8, 9]))).toEqual(['🎈'])
  })

  test('passes comments on, as bytes without data', () => {
    const [comment, event] = scan(utf8.encode(': keep-alive\n\nevent: ping\ndata: {}\n\n'))
    expect([comment?.data, Buffer.from(comment?.raw ?? []).toString()]).toEqual(['', ': keep-alive\n\n'])
    expect([event?.event, event?.data]).toEqual(['ping', '{}'])
  })

  test('reads what the stream left without a blank line', () => {
    expect(texts(scan(utf8.encode('data: [DONE]')))).toEqual(['[DONE]'])
    expect(texts(scan(utf8.encode('data: [DONE]\r\n')))).toEqual(['[DONE]'])
  })

  test('drops a byte order mark, at the beginning only', () => {
    expect(texts(scan(utf8.encode('\uFEFFdata: a\n\n\uFEFFdata: b\n\ndata: c\n\n'), [1, 2]))).toEqual(['a', 'c'])
  })

  test('refuses an event beyond its limit, whole or in pieces, finished or not', () => {
    const large = utf8.encode(`data: ${'x'.repeat(100)}\n\n`)
    expect(createEventScanner(large.length).push(large)).toHaveLength(1)
    expect(() => createEventScanner(large.length - 1).push(large)).toThrow('too large')
    const scanner = createEventScanner(50)
    expect(() => {
      for (const byte of large) scanner.push(Uint8Array.of(byte))
    }).toThrow('too large')
  })

  test('takes an event that comes byte by byte in time proportional to its size', () => {
    const size = 1_000_000
    const scanner = createEventScanner()
    const byte = utf8.encode('x')
    const started = performance.now()
    scanner.push(utf8.encode('data: '))
    for (let i = 0; i < size; i++) scanner.push(byte)
    expect(scanner.push(utf8.encode('\n\n'))[0]?.data).toHaveLength(size)
    // Copying what there is for every byte would take minutes.
    expect(performance.now() - started).toBeLessThan(10_000)
  })
})

describe('the writer of server-sent events', () => {
  test('writes one line of data and a blank one', () => {
    expect(Buffer.from(writeEvent('{"a":1}')).toString()).toBe('data: {"a":1}\n\n')
    expect(Buffer.from(writeEvent('{}', 'ping')).toString()).toBe('event: ping\ndata: {}\n\n')
  })

  test('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (data) => {
        const [event] = scan(writeEvent(data, 'message_start'))
        expect(event).toMatchObject({ event: 'message_start', data: data.replace(/\r\n?/g, '\n') })
      }),
    )
  })
})
