import { isJson, type Json } from '../fields.ts'
import type { Usage } from '../usage-of.ts'

export interface ResponseHead {
  /** Without the letters in front that say of what. */
  id: string
  /** In seconds. */
  created: number
  /** As the caller named it. */
  model: string
  /** What was asked, which a response repeats. */
  request: Json
}

/** A response that has begun, with nothing in it. */
export function emptyResponse({ id, created, model, request }: ResponseHead): Json {
  const told = (name: string, otherwise: unknown = null) => request[name] ?? otherwise
  const { effort = null } = isJson(request.reasoning) ? request.reasoning : {}
  return {
    id: `resp_${id}`,
    object: 'response',
    created_at: created,
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: told('instructions'),
    max_output_tokens: told('max_output_tokens'),
    metadata: told('metadata', {}),
    model,
    output: [],
    parallel_tool_calls: told('parallel_tool_calls', true),
    previous_response_id: null,
    reasoning: { effort, summary: null },
    // Nobody keeps it.
    store: false,
    temperature: told('temperature'),
    text: { format: { type: 'text' }, ...(isJson(request.text) && request.text) },
    tool_choice: told('tool_choice', 'auto'),
    tools: told('tools', []),
    top_p: told('top_p'),
    truncation: 'disabled',
    usage: null,
  }
}

/** Why a response is not complete, by the reason for which its chat finished. */
const INCOMPLETE: Readonly<Record<string, string>> = { length: 'max_output_tokens', content_filter: 'content_filter' }

export function statusOf(finishReason: string): Json {
  const reason = INCOMPLETE[finishReason]
  return reason === undefined
    ? { status: 'completed', incomplete_details: null }
    : { status: 'incomplete', incomplete_details: { reason } }
}

export function toResponseUsage(usage: Usage): Json {
  return {
    input_tokens: usage.inputTokens,
    input_tokens_details: { cached_tokens: usage.cachedInputTokens, cache_write_tokens: usage.cacheWriteTokens },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.inputTokens + usage.outputTokens,
  }
}
