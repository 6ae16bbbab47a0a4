import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { textOf } from './token-provider.ts'

export interface Asked {
  url: string
  headers: IncomingHttpHeaders
  form: URLSearchParams
}

export interface Said {
  status: number
  body: string | object
  headers?: Record<string, string>
}

export type TokenIssuer = Awaited<ReturnType<typeof startTokenIssuer>>

/** An identity provider that hands out tokens to clients; what it says can be changed from one call to the next. */
export async function startTokenIssuer() {
  const issuer = {
    origin: '',
    asked: [] as Asked[],
    delayMs: 0,
    expiresIn: 3600 as unknown,
    /** Said in the place of a token, to all. */
    down: undefined as Said | 'hang up' | undefined,
    /** In the place of all of that. */
    answer: undefined as ((asked: Asked) => Said) | undefined,
    stop: () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  }

  async function serve(request: IncomingMessage, response: ServerResponse) {
    const asked = { url: request.url ?? '', headers: request.headers, form: new URLSearchParams(await textOf(request)) }
    issuer.asked.push(asked)
    await sleep(issuer.delayMs)
    const said = issuer.answer?.(asked) ?? issuer.down ?? token(issuer.asked.length)
    if (said === 'hang up') return void request.socket.destroy()
    const { status, body, headers = {} } = said
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body))
  }
  const token = (number: number): Said => ({
    status: 200,
    body: { access_token: `canary-token-${number}`, token_type: 'Bearer', expires_in: issuer.expiresIn },
  })

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return issuer
}
