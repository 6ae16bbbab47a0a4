import type { AgentResult, AgentUsage } from './agent.ts'
import type { Spoken } from './agent-run.ts'

/** What all parts of one answer say of it. */
export interface ChatHead {
  id: string
  /** Epoch seconds. */
  created: number
  model: string
}

/** Where what an agent says that a call cost stands, in US dollars: for the meter, not for callers. */
export const COST_HEADER = 'x-backend-cost-usd'

/** The whole answer, made of the same pieces as a stream would be. */
export async function chatCompletion(head: ChatHead, spoken: AsyncIterable<Spoken>): Promise<Response> {
  const said = { text: '', reasoning: '' }
  for await (const event of spoken) {
    if (event.kind !== 'finished') said[event.kind] += event.text
    else return completionOf(head, said.text || (event.text ?? ''), said.reasoning, event)
  }
  throw new TypeError('An agent that says nothing more has said its result, or failed')
}

function completionOf(head: ChatHead, content: string, reasoning: string, result: AgentResult): Response {
  const message = { role: 'assistant', content, ...(reasoning !== '' && { reasoning_content: reasoning }) }
  const body = {
    ...head,
    object: 'chat.completion',
    choices: [{ index: 0, message, logprobs: null, finish_reason: result.finishReason }],
    usage: openaiUsage(result.usage),
  }
  return Response.json(body, result.costUsd === undefined ? {} : { headers: { [COST_HEADER]: `${result.costUsd}` } })
}

/** The same as server-sent events, one string for each. The cost is known at the end only: it stands beside the usage. */
export async function* chatChunks(head: ChatHead, spoken: AsyncIterable<Spoken>, includeUsage: boolean) {
  const chunk = (delta: object, finishReason: string | null = null) =>
    eventOf({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finishReason }] })
  let told = false
  yield chunk({ role: 'assistant', content: '' })
  for await (const event of spoken) {
    if (event.kind === 'reasoning') yield chunk({ reasoning_content: event.text })
    if (event.kind === 'text') yield chunk({ content: event.text })
    told ||= event.kind === 'text'
    if (event.kind !== 'finished') continue
    if (!told && event.text) yield chunk({ content: event.text })
    yield chunk({}, event.finishReason)
    if (includeUsage) yield eventOf(usageChunk(head, event))
  }
  yield 'data: [DONE]\n\n'
}

const usageChunk = (head: ChatHead, { usage, costUsd }: AgentResult) => ({
  ...head,
  object: 'chat.completion.chunk',
  choices: [],
  usage: { ...openaiUsage(usage), ...(costUsd !== undefined && { total_cost_usd: costUsd }) },
})

const eventOf = (data: object) => `data: ${JSON.stringify(data)}\n\n`

const openaiUsage = ({ input, cached, cacheWrite, output }: AgentUsage) => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
  prompt_tokens_details: { cached_tokens: cached, cache_write_tokens: cacheWrite },
})
