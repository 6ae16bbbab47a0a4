import { asText, given, isGiven, type Json, listAt, objectAt, unsupported } from '../fields.ts'
import { refuseUnsupported } from '../parameter-table.ts'
import { type InputOptions, type Place, readInput } from './input.ts'
import { INCLUDED, REASONING, RESPONSE_AS_CHAT, TEXT } from './parameters.ts'
import { toChatTools } from './tools.ts'

export interface ChatOfResponse {
  chat: Json
  places: Place[]
}

export interface ChatOfResponseOptions extends InputOptions {
  /** The upstream's name of the model. */
  model: string
  /** By which name it takes the limit: models of OpenAI refuse the old one, and others do not know the new one. */
  limit: 'max_tokens' | 'max_completion_tokens'
}

/** The body of a response as the body of a chat completion. Throws 400 for what a chat has no words for. */
export function toChatOfResponse(body: Json, { model, limit, isAnthropic }: ChatOfResponseOptions): ChatOfResponse {
  refuseUnsupported(body, RESPONSE_AS_CHAT)
  refuseIncluded(body.include)
  const reasoning = partOf(body, 'reasoning')
  refuseUnsupported(reasoning, REASONING, 'reasoning')
  const text = partOf(body, 'text')
  refuseUnsupported(text, TEXT, 'text')
  const { messages, places } = readInput(body.instructions, body.input, { isAnthropic })
  const chat = given({
    model,
    messages,
    [limit]: body.max_output_tokens,
    ...toChatTools(body),
    temperature: body.temperature,
    top_p: body.top_p,
    reasoning_effort: reasoning.effort,
    response_format: isGiven(text.format) ? responseFormat(objectAt(text.format, 'text.format')) : undefined,
    verbosity: text.verbosity,
    // Notes that are kept with a response are told with it; Anthropic knows one of them.
    metadata: isAnthropic ? body.metadata : undefined,
    service_tier: body.service_tier,
    user: body.user,
    safety_identifier: body.safety_identifier,
    prompt_cache_key: body.prompt_cache_key,
    prompt_cache_options: body.prompt_cache_options,
    prompt_cache_retention: body.prompt_cache_retention,
  })
  return { chat, places }
}

function partOf(body: Json, name: string): Json {
  return isGiven(body[name]) ? objectAt(body[name], name) : {}
}

function refuseIncluded(include: unknown): void {
  const asked = isGiven(include) ? listAt(include, 'include') : []
  for (const [i, one] of asked.entries())
    if (!INCLUDED.includes(asText(one)))
      throw unsupported(
        `include[${i}]`,
        `Models without responses of their own cannot tell ${asText(one)}; leave it out`,
      )
}

/** What a response says flat, a chat says in two levels. */
function responseFormat({ type, ...described }: Json): Json {
  return type === 'json_schema' ? { type, json_schema: described } : { type }
}
