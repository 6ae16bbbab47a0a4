import type { ServerResponse } from 'node:http'
import { bodyOf, upstream } from './outbound-upstream.ts'

/** What one call to Anthropic's Messages API is to come to. */
export type Script = { status: number; message: string } | { text: string[]; stopReason?: string; cutAfter?: number }

export interface MessagesCall {
  // biome-ignore lint/suspicious/noExplicitAny: JSON as an upstream sees it
  body: any
  apiKey: string | undefined
}

/** Anthropic's Messages API on loopback, which answers as a script says; the last entry of it again and again. */
export async function messagesApi(...script: Script[]) {
  const calls: MessagesCall[] = []
  const others: string[] = []
  const server = await upstream(async (request, response) => {
    if (request.method !== 'POST' || !request.url?.startsWith('/v1/messages?')) {
      others.push(`${request.method} ${request.url}`)
      response.writeHead(404).end()
      return
    }
    const body = JSON.parse(await bodyOf(request))
    calls.push({ body, apiKey: request.headers['x-api-key'] as string | undefined })
    play(response, script[Math.min(calls.length, script.length) - 1] as Script, body.model)
  })
  return { ...server, calls, others, [Symbol.asyncDispose]: server[Symbol.asyncDispose] }
}

function play(response: ServerResponse, step: Script, model: string): void {
  if ('status' in step) {
    response.writeHead(step.status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ type: 'error', error: { type: 'api_error', message: step.message } }))
    return
  }
  const send = (event: { type: string; [member: string]: unknown }) =>
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  const usage = { input_tokens: 12, output_tokens: 1, cache_creation_input_tokens: 3, cache_read_input_tokens: 4 }
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model, content: [], stop_reason: null, usage }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  send({ type: 'message_start', message })
  send({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } })
  for (const text of step.text.slice(0, step.cutAfter))
    send({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })
  if (step.cutAfter !== undefined) {
    setTimeout(() => response.destroy(), 100)
    return
  }
  send({ type: 'content_block_stop', index: 0 })
  const delta = { stop_reason: step.stopReason ?? 'end_turn', stop_sequence: null }
  send({ type: 'message_delta', delta, usage: { output_tokens: 9 } })
  send({ type: 'message_stop' })
  response.end()
}
