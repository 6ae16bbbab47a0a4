import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export type ModelUpstream = Awaited<ReturnType<typeof startModelUpstream>>

export interface SeenCall {
  path: string
  headers: IncomingMessage['headers']
  // biome-ignore lint/suspicious/noExplicitAny: tests look at it as the upstream would, without a schema.
  body: any
}

type Answer = (call: SeenCall, response: ServerResponse) => Promise<void> | void

/** A provider of models whose every answer a test can bend, in OpenAI's shape unless it is told otherwise. */
export async function startModelUpstream() {
  const seen: SeenCall[] = []
  const open = new Set<ServerResponse>()
  const usual = { answer: openAi as Answer, closed: 0 }
  const upstream = { ...usual }

  const server = createServer((request, response) => {
    open.add(response)
    response.once('close', () => {
      open.delete(response)
      if (!response.writableFinished) upstream.closed++
    })
    respond(request, response).catch(() => response.destroy())
  })

  async function respond(request: IncomingMessage, response: ServerResponse) {
    const body = await text(request)
    const call = { path: request.url ?? '', headers: request.headers, body: readBody(request, body) }
    seen.push(call)
    await upstream.answer(call, response)
  }

  /** Token endpoints are sent forms. */
  function readBody({ headers }: IncomingMessage, body: string) {
    if (headers['content-type']?.includes('form')) return Object.fromEntries(new URLSearchParams(body))
    return body === '' ? {} : JSON.parse(body)
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return Object.assign(upstream, {
    origin,
    seen,
    /** Answers that are under way. */
    open: () => open.size,
    reset() {
      Object.assign(upstream, usual)
      seen.length = 0
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  })
}

export const USAGE = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 }

export function completion(content: string, more: object = {}) {
  return {
    id: 'chatcmpl-upstream',
    object: 'chat.completion',
    created: 1_780_000_000,
    model: 'gpt-5-upstream',
    choices: [
      { index: 0, message: { role: 'assistant', content, refusal: null }, logprobs: null, finish_reason: 'stop' },
    ],
    usage: USAGE,
    system_fingerprint: 'fp_1',
    ...more,
  }
}

export function chunk(delta: object, finish_reason: string | null = null, more: object = {}) {
  return {
    id: 'chatcmpl-upstream',
    object: 'chat.completion.chunk',
    created: 1_780_000_000,
    model: 'gpt-5-upstream',
    choices: [{ index: 0, delta, finish_reason }],
    ...more,
  }
}

/** Says the words one by one, or in one piece, as it is asked. */
export const says =
  (...words: string[]): Answer =>
  ({ body }, response) => {
    if (!body.stream) return sendJson(response, 200, completion(words.join('')))
    startEvents(response)
    sendEvent(response, chunk({ role: 'assistant', content: '' }))
    for (const word of words) sendEvent(response, chunk({ content: word }))
    sendEvent(response, chunk({}, 'stop'))
    if (body.stream_options?.include_usage) sendEvent(response, chunk({}, null, { choices: [], usage: USAGE }))
    response.end('data: [DONE]\n\n')
  }

const openAi: Answer = (call, response) => {
  if (call.path.endsWith('/embeddings'))
    return sendJson(response, 200, {
      object: 'list',
      model: 'embedding-upstream',
      data: [{ object: 'embedding', index: 0, embedding: [0.1, 0.2] }],
      usage: { prompt_tokens: 4, total_tokens: 4 },
    })
  return says('Hello', ', ', 'world')(call, response)
}

export function sendJson(response: ServerResponse, status: number, body: object, headers: object = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

export function startEvents(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
}

export function sendEvent(response: ServerResponse, data: object): void {
  response.write(`data: ${JSON.stringify(data)}\n\n`)
}
