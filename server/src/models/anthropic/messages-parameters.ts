import { names, type ParameterTable } from '../parameter-table.ts'

/** Left out without a word, because the answer is as good without it. The reason is for the documentation. */
export const DROPPED: Readonly<Record<string, string>> = {
  cache_control: 'advice on prices at Anthropic; other providers cache by themselves',
  context_management: 'shortens a long conversation; here it goes whole, or is refused as too long',
  diagnostics: 'asks why a cache of Anthropic was missed',
}

/** A messages body on its way to a provider of OpenAI's shape. */
export const MESSAGES_AT_OPENAI: ParameterTable = {
  who: "Models that are not Anthropic's",
  translated: names(
    'model messages system max_tokens stop_sequences stream temperature top_p top_k tools tool_choice thinking',
    'output_config metadata service_tier',
  ),
  dropped: DROPPED,
  unsupported: { speed: { neutral: ['standard'], because: 'have one speed; leave speed out' } },
}
