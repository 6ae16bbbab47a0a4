import { once } from 'node:events'
import type { Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import type { DatabaseKind } from './harness.ts'
import { PRICE, startModelGateway } from './model-gateway.ts'
import { type SeenCall, sendEvent, sendJson, startEvents } from './model-upstream.ts'
import { type Answer, anthropicEvents, chatChunksOf, chatCompletionOf, messageOf } from './models-anthropic-answers.ts'

export type ListeningGateway = Awaited<ReturnType<typeof startListeningGateway>>

/** A gateway on a port of loopback, where the same upstream is a provider of OpenAI's shape and one of Anthropic's. */
export async function startListeningGateway(env: Record<string, string> = {}, kind: DatabaseKind = 'sqlite') {
  const gateway = await startModelGateway(kind, env)
  const listening = serve({ fetch: gateway.app.fetch, hostname: '127.0.0.1', port: 0 }) as Server
  await once(listening, 'listening')
  await gateway.addProvider({
    id: 'claude',
    kind: 'anthropic',
    base_url: gateway.upstream.origin,
    api_key: 'sk-ant-canary-0123456789',
    models: [{ id: 'sonnet', upstream_model: 'claude-sonnet-5', price: PRICE }],
  })
  const port = (listening.address() as AddressInfo).port
  return {
    ...gateway,
    port,
    url: `http://127.0.0.1:${port}`,
    async stop() {
      listening.closeAllConnections()
      listening.close()
      await gateway.stop()
    },
  }
}

/** Each call is told what the script makes of it, in the words and the way that it was asked. */
export const tells =
  (script: (call: SeenCall) => Partial<Answer>) =>
  (call: SeenCall, response: ServerResponse): void => {
    const answer = { thinking: '', texts: [], calls: [], ...script(call) }
    const say = call.path.startsWith('/v1/messages') ? sayAsAnthropic : sayAsOpenAi
    say(answer, call.body.stream === true, response)
  }

function sayAsAnthropic(answer: Answer, stream: boolean, response: ServerResponse): void {
  const stopReason = answer.calls.length > 0 ? 'tool_use' : 'end_turn'
  if (stream) {
    startEvents(response)
    for (const event of anthropicEvents(answer, stopReason)) sendNamedEvent(response, event)
    response.end()
  } else sendJson(response, 200, messageOf(answer, stopReason))
}

function sayAsOpenAi(answer: Answer, stream: boolean, response: ServerResponse): void {
  if (stream) {
    startEvents(response)
    for (const chunk of chatChunksOf(answer))
      sendEvent(response, { ...HEAD, object: 'chat.completion.chunk', ...chunk })
    response.end('data: [DONE]\n\n')
  } else sendJson(response, 200, { ...HEAD, object: 'chat.completion', ...chatCompletionOf(answer) })
}

/** With its type as its name, as Anthropic and OpenAI's responses have it. */
export function sendNamedEvent(response: ServerResponse, event: { type?: unknown; [member: string]: unknown }): void {
  response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
}

const HEAD = { id: 'chatcmpl-upstream', created: 1_780_000_000, model: 'gpt-5-upstream' }

/** How many results of tools a conversation holds, in either dialect. */
export function resultsIn({ body }: SeenCall): number {
  const parts: { role?: string; type?: string }[] = body.messages.flatMap(
    (message: { role: string; content: unknown }) =>
      message.role === 'tool' ? [message] : Array.isArray(message.content) ? message.content : [],
  )
  return parts.filter(({ role, type }) => role === 'tool' || type === 'tool_result').length
}

/** Three steps: two calls of a tool, one after the other, and what was made of them. */
export const adds = tells((call) => {
  const results = resultsIn(call)
  if (results === 2) return { texts: ['1 + 2 + 3 is 6.'] }
  return { calls: [{ id: `call_${results}`, name: 'add', input: { a: results + 1, b: results + 2 } }] }
})
