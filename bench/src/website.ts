import { once } from 'node:events'
import { createServer } from 'node:http'

export type Website = {
  port: number
  redirectUri: string
  /** When the browser came back with this state, on the clock of `performance.now()`. */
  arrival: (state: string) => Promise<number>
  close: () => void
}

/** The website that the sign-ins are for: it notes when somebody comes back. */
export async function startWebsite(): Promise<Website> {
  const waiting = new Map<string, (at: number) => void>()
  const server = createServer((request, response) => {
    const at = performance.now()
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<title>Signed in</title>')
    if (url.pathname === '/callback' && url.searchParams.has('code'))
      waiting.get(url.searchParams.get('state') ?? '')?.(at)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0

  return {
    port,
    redirectUri: `http://127.0.0.1:${port}/callback`,
    arrival: (state) => new Promise((resolve) => waiting.set(state, resolve)),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
