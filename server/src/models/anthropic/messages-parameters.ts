import { entryOf, isGiven, type Json, unsupported } from '../fields.ts'

/** What becomes of each member of a messages body on its way to a provider of OpenAI's shape; the rest is refused. */
const TRANSLATED = new Set(
  [
    'model messages system max_tokens stop_sequences stream temperature top_p top_k tools tool_choice thinking',
    'output_config metadata service_tier',
  ].flatMap((line) => line.split(' ')),
)

/** Left out without a word, because the answer is as good without it. The reason is for the documentation. */
export const DROPPED: Readonly<Record<string, string>> = {
  cache_control: 'advice on prices at Anthropic; other providers cache by themselves',
  context_management: 'shortens a long conversation; here it goes whole, or is refused as too long',
  diagnostics: 'asks why a cache of Anthropic was missed',
}

/** Throws for the first member of the body that a provider of OpenAI's shape could not honour. */
export function refuseForeign(body: Json): void {
  for (const [name, value] of Object.entries(body)) {
    if (!isGiven(value) || TRANSLATED.has(name) || entryOf(DROPPED, name)) continue
    if (name === 'speed' && value === 'standard') continue
    throw unsupported(name, `This model is not Anthropic's, and has no use for ${name}; leave it out`)
  }
}
