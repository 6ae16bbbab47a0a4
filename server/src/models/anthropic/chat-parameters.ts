import { entryOf, isGiven, isJson, type Json, unsupported } from '../fields.ts'

/**
 * What becomes of each member of a chat completion's body on its way to Anthropic. What stands in none of the three
 * tables is refused: nobody is answered as if something had been done that was not.
 */

/** Said to Anthropic in its own words; `thinking`, `top_k` and `cache_control` are its own, which chat has no word for. */
const TRANSLATED = new Set(
  [
    'model messages max_tokens max_completion_tokens temperature top_p stop stream tools tool_choice',
    'parallel_tool_calls reasoning_effort response_format service_tier metadata thinking top_k cache_control',
  ].flatMap((line) => line.split(' ')),
)

/** Left out without a word, because the answer is as good without it. The reason is for the documentation. */
export const DROPPED: Readonly<Record<string, string>> = {
  user: 'names a person to OpenAI; Anthropic asks for an opaque id, which is metadata.user_id',
  safety_identifier: 'names a person to OpenAI; Anthropic asks for an opaque id, which is metadata.user_id',
  seed: 'OpenAI itself promises no more than an attempt',
  store: 'keeps the answer in a dashboard of OpenAI',
  prediction: 'makes an answer faster, not different',
  prompt_cache_key: 'sorts requests into caches of OpenAI; Anthropic has cache_control',
  prompt_cache_options: 'keeps caches of OpenAI; Anthropic has cache_control',
  prompt_cache_retention: 'keeps caches of OpenAI; Anthropic has cache_control',
  stream_options: 'concerns the chunks, which are written here and not by Anthropic',
}

interface Neutral {
  /** What asks for nothing, and is therefore left out. */
  isNeutral: (value: unknown) => boolean
  /** Ends the sentence "Anthropic's models …". */
  because: string
}

const isFalse = (value: unknown) => value === false
const isZero = (value: unknown) => value === 0
const never = () => false

/** What Anthropic cannot do: accepted as long as it asks for nothing. */
const UNSUPPORTED: Readonly<Record<string, Neutral>> = {
  n: { isNeutral: (value) => value === 1, because: 'give one answer to a request; send the request again for another' },
  logprobs: { isNeutral: isFalse, because: 'tell no probabilities of tokens; leave logprobs out' },
  top_logprobs: { isNeutral: isZero, because: 'tell no probabilities of tokens; leave top_logprobs out' },
  logit_bias: {
    isNeutral: (value) => isJson(value) && Object.keys(value).length === 0,
    because: 'cannot be biased by token; leave logit_bias out',
  },
  frequency_penalty: { isNeutral: isZero, because: 'know no penalties; leave frequency_penalty out' },
  presence_penalty: { isNeutral: isZero, because: 'know no penalties; leave presence_penalty out' },
  modalities: {
    isNeutral: (value) => Array.isArray(value) && value.every((modality) => modality === 'text'),
    because: 'answer in text only; ask for modalities ["text"]',
  },
  audio: { isNeutral: never, because: 'answer in text only; leave audio out' },
  verbosity: { isNeutral: (value) => value === 'medium', because: 'know no verbosity; ask for it in the prompt' },
  web_search_options: { isNeutral: never, because: 'cannot search the web through this interface; give them a tool' },
  moderation: { isNeutral: never, because: 'have no moderation to configure; leave moderation out' },
  functions: { isNeutral: never, because: 'are called with tools here; say functions as tools' },
  function_call: { isNeutral: never, because: 'are called with tools here; say function_call as tool_choice' },
}

/** Throws for the first member of the body that Anthropic could not honour. */
export function refuseUnsupported(body: Json): void {
  for (const [name, value] of Object.entries(body)) {
    if (!isGiven(value) || TRANSLATED.has(name) || entryOf(DROPPED, name)) continue
    const known = entryOf(UNSUPPORTED, name)
    if (known?.isNeutral(value)) continue
    throw unsupported(
      name,
      known ? `Anthropic's models ${known.because}` : `Anthropic's models have no use for ${name}; leave it out`,
    )
  }
}
