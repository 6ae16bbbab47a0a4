import { once } from 'node:events'
import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { atIssuerPath } from '../src/server.ts'
import { freePort } from './free-port.ts'
import type { DatabaseKind } from './harness.ts'
import { startBroker } from './token-broker.ts'

/** The clients that people use, as they come: two generations of the SDK, and two of the protocol. */
export const CLIENTS = ['v1', 'v2 as of 2025', 'v2 as of 2026'] as const
export type ClientKind = (typeof CLIENTS)[number]

export type Mcp = Awaited<ReturnType<typeof startMcp>>

// biome-ignore lint/suspicious/noExplicitAny: tests look at what tools say as a model would, without a schema.
export type Said = any

export interface CallOptions {
  /** Hears how it goes on. */
  onProgress?: (message: string | undefined) => void
  signal?: AbortSignal
  timeout?: number
}

/** What the tests do with a client, of whatever generation. */
export interface McpClient {
  list(): Promise<{ name: string; [key: string]: Said }[]>
  page(cursor?: string): Promise<Said>
  call(name: string, args?: object, options?: CallOptions): Promise<{ said: Said; isError: boolean; text: string }>
  protocol(): string | undefined
  close(): Promise<void>
}

export interface ClientSettings {
  bearer?: string
  // biome-ignore lint/suspicious/noExplicitAny: each SDK has an interface of its own for it.
  authProvider?: any
  /** Shows a link to the person; what it gives is what they did. */
  showLink?: (url: string) => Promise<'accept' | 'decline'>
}

/** A broker that listens, so that the SDKs can speak to it. */
export async function startMcp(
  kind: DatabaseKind = 'sqlite',
  settings: object = {},
  { path = '', ...env }: Record<string, string> = {},
) {
  const port = await freePort()
  const issuer = `http://localhost:${port}${path}`
  const broker = await startBroker(kind, settings, { ISSUER: issuer, ...env })
  const fetch = atIssuerPath(issuer, broker.app.fetch)
  const listening = serve({ fetch, port, hostname: '127.0.0.1' }) as Server
  await once(listening, 'listening')
  const url = new URL(`${issuer}/mcp`)
  const clients: McpClient[] = []

  async function client(clientKind: ClientKind, given: ClientSettings = {}): Promise<McpClient> {
    const bearer = given.bearer ?? (await broker.authorization())
    const client = await connect(url, clientKind, { ...given, bearer })
    clients.push(client)
    return client
  }

  return {
    ...broker,
    issuer,
    url,
    client,
    /** What a person does with a link that they were shown. */
    async consent(link: string, account: object = {}) {
      const state = new URL(link).searchParams.get('state') ?? ''
      const { expires_at: _, ...tokens } = broker.provider.issue(0)
      broker.provider.odd.push({ status: 200, body: { ...tokens, expires_in: 3600, ...account } })
      const answer = await broker.request(`/auth/callback/acme?${new URLSearchParams({ state, code: 'a-code' })}`)
      return { ...answer, tokens }
    },
    deny: (link: string) =>
      broker.request(
        `/auth/callback/acme?${new URLSearchParams({ state: new URL(link).searchParams.get('state') ?? '', error: 'access_denied' })}`,
      ),
    /** The protocol by hand. */
    post: (body: unknown, headers: Record<string, string> = {}) =>
      globalThis.fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    form: broker.post,
    async stop() {
      await Promise.all(clients.map((each) => each.close().catch(() => {})))
      listening.closeAllConnections()
      await new Promise((resolve) => listening.close(resolve))
      await broker.stop()
    },
  }
}

export function connect(url: URL, kind: ClientKind, settings: ClientSettings): Promise<McpClient> {
  return kind === 'v1' ? connectV1(url, settings) : connectV2(url, kind, settings)
}

const INFO = { name: 'test', version: '1.0.0' }

function transportOptions({ authProvider, bearer = '' }: ClientSettings) {
  return authProvider ? { authProvider } : { requestInit: { headers: { authorization: bearer } } }
}

async function connectV1(url: URL, settings: ClientSettings): Promise<McpClient> {
  const capabilities = settings.showLink ? { elicitation: { url: {} } } : {}
  const client = new ClientV1(INFO, { capabilities })
  const transport = new TransportV1(url, transportOptions(settings))
  await client.connect(transport as never)
  return {
    list: async () => (await client.listTools()).tools,
    page: (cursor) => client.listTools({ cursor }),
    call: async (name, args = {}, { onProgress, ...options } = {}) => {
      const onprogress = onProgress && (({ message }: { message?: string | undefined }) => onProgress(message))
      return read(
        await client.callTool({ name, arguments: args as Said }, undefined, {
          ...options,
          ...(onprogress && { onprogress }),
        }),
      )
    },
    protocol: () => transport.protocolVersion,
    close: () => client.close(),
  }
}

async function connectV2(url: URL, kind: ClientKind, settings: ClientSettings): Promise<McpClient> {
  const { showLink } = settings
  const client = new Client(INFO, {
    capabilities: showLink ? { elicitation: { url: {} } } : {},
    ...(kind === 'v2 as of 2026' && { versionNegotiation: { mode: { pin: '2026-07-28' } } }),
  })
  if (showLink)
    client.setRequestHandler('elicitation/create', async ({ params }) => ({
      action: await showLink((params as Said).url),
    }))
  await client.connect(new StreamableHTTPClientTransport(url, transportOptions(settings)))
  return {
    list: async () => (await client.listTools()).tools,
    page: (cursor) => client.request({ method: 'tools/list', params: { cursor } } as never),
    call: async (name, args = {}, { onProgress, ...options } = {}) => {
      const onprogress = onProgress && (({ message }: { message?: string | undefined }) => onProgress(message))
      return read(
        await client.callTool({ name, arguments: args as Said }, { ...options, ...(onprogress && { onprogress }) }),
      )
    },
    protocol: () => client.getNegotiatedProtocolVersion(),
    close: () => client.close(),
  }
}

function read(result: Said) {
  const text = result.content?.[0]?.text ?? ''
  return { said: result.structuredContent, isError: result.isError === true, text }
}
