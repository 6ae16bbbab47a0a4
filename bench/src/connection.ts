import { createConnection, type Socket } from 'node:net'

const STALLED_AFTER_MS = 20_000

export type Reply = {
  status: number
  /** The head as it came, from the status line to the last header. */
  head: string
  body: string
}

type Waiting = { resolve: (reply: Reply) => void; reject: (error: Error) => void; onBody?: (() => void) | undefined }

/**
 * One HTTP/1.1 keep-alive connection, one request at a time. `fetch` and `node:http` cost more than
 * the servers that we measure; this reads just enough of RFC 9112 to never be the bottleneck.
 */
export class Connection {
  readonly #socket: Socket
  #waiting: Waiting | undefined
  #received: Buffer | undefined

  constructor(port: number) {
    this.#socket = createConnection({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', (chunk) => this.#receive(chunk))
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error('The server closed the connection')))
    this.#socket.setTimeout(STALLED_AFTER_MS, () => this.#socket.destroy(new Error('No answer in time')))
  }

  get bytes(): { sent: number; received: number } {
    return { sent: this.#socket.bytesWritten, received: this.#socket.bytesRead }
  }

  /** `onBody` is called with the first bytes of the reply's body. */
  send(request: string | Buffer, onBody?: () => void): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject, onBody }
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received ? Buffer.concat([this.#received, chunk]) : chunk
    this.#tellOfBody()
    try {
      const reply = parseReply(this.#received)
      if (reply) this.#answer(reply)
    } catch (error) {
      this.#socket.destroy(error as Error)
    }
  }

  #tellOfBody(): void {
    const waiting = this.#waiting
    const end = waiting?.onBody ? this.#received?.indexOf('\r\n\r\n') : undefined
    if (!waiting?.onBody || end === undefined || end < 0 || this.#received?.length === end + 4) return
    waiting.onBody()
    waiting.onBody = undefined
  }

  #answer(reply: Reply): void {
    this.#received = undefined
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve(reply)
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error)
    this.#waiting = undefined
  }
}

/** Undefined until the whole reply is there. */
function parseReply(bytes: Buffer): Reply | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = bytes.toString('latin1', 0, end)
  const start = end + 4
  const status = Number(head.slice(9, 12))

  const length = contentLength(head, status)
  if (length === undefined) {
    const body = readChunks(bytes, start)
    return body === undefined ? undefined : { status, head, body }
  }
  if (bytes.length < start + length) return undefined
  return { status, head, body: bytes.toString('utf8', start, start + length) }
}

/** Undefined means chunked. */
function contentLength(head: string, status: number): number | undefined {
  const found = /\r\ncontent-length: *(\d+)/i.exec(head)
  if (found) return Number(found[1])
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) return undefined
  if (status === 204 || status === 304) return 0
  throw new Error(`A reply that does not say how long it is: ${head}`)
}

/** RFC 9112 section 7.1, without extensions and trailers. */
function readChunks(bytes: Buffer, start: number): string | undefined {
  const parts: Buffer[] = []
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    const from = lineEnd + 2
    if (bytes.length < from + size + 2) return undefined
    if (size === 0) return Buffer.concat(parts).toString('utf8')
    parts.push(bytes.subarray(from, from + size))
    at = from + size + 2
  }
}
