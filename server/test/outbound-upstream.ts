import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createSocketServer, type Server as NetServer, type Socket } from 'node:net'
import { CERTIFICATE, KEY } from './outbound-certificates.ts'

export type { IncomingMessage, ServerResponse }

/** Somebody else's server, on loopback, that counts who comes. */
export interface Upstream extends AsyncDisposable {
  url: string
  port: number
  /** Connections that were ever made. */
  connections(): number
  /** Connections that are open now. */
  open(): number
}

export async function upstream(handler: RequestListener, address = '127.0.0.1', port = 0): Promise<Upstream> {
  const server = createServer(handler)
  return { ...(await listen(server, address, port)), [Symbol.asyncDispose]: () => closeHttp(server) }
}

export async function tlsUpstream(handler: RequestListener, address = '127.0.0.1'): Promise<Upstream> {
  const server = createTlsServer({ cert: CERTIFICATE, key: KEY }, handler)
  return { ...(await listen(server, address, 0)), [Symbol.asyncDispose]: () => closeHttp(server) }
}

/** Bytes as they are, for what no HTTP server of Node would say. */
export async function rawUpstream(handler: (socket: Socket) => void): Promise<Upstream> {
  const sockets = new Set<Socket>()
  const server = createSocketServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    handler(socket)
  })
  const close = async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  }
  return { ...(await listen(server, '127.0.0.1', 0)), [Symbol.asyncDispose]: close }
}

/** Answers the first bytes of each connection with these, and then does as told. */
export function sayingOnce(text: string, then: (socket: Socket) => void = () => {}) {
  return rawUpstream((socket) => {
    socket.once('data', () => {
      socket.write(text, 'latin1', () => then(socket))
    })
  })
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

async function listen(server: NetServer, address: string, port: number) {
  let made = 0
  let open = 0
  server.on('connection', (socket: Socket) => {
    made++
    open++
    socket.once('close', () => open--)
  })
  server.listen(port, address)
  await once(server, 'listening')
  const actual = (server.address() as AddressInfo).port
  return { url: `http://${address}:${actual}`, port: actual, connections: () => made, open: () => open }
}

async function closeHttp(server: Server): Promise<void> {
  server.close()
  server.closeAllConnections()
  if (server.listening) await once(server, 'close')
}

/** Waits until it is so. */
export async function until(condition: () => boolean, ms = 2_000): Promise<void> {
  const end = performance.now() + ms
  while (!condition()) {
    if (performance.now() > end) throw new Error(`Still not so after ${ms} ms: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
