import { names, type ParameterTable } from '../parameter-table.ts'

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

/** What Anthropic cannot do: accepted as long as it asks for nothing. */
const UNSUPPORTED: ParameterTable['unsupported'] = {
  n: { neutral: [1], because: 'give one answer to a request; send the request again for another' },
  logprobs: { neutral: [false], because: 'tell no probabilities of tokens; leave logprobs out' },
  top_logprobs: { neutral: [0], because: 'tell no probabilities of tokens; leave top_logprobs out' },
  logit_bias: { neutral: [{}], because: 'cannot be biased by token; leave logit_bias out' },
  frequency_penalty: { neutral: [0], because: 'know no penalties; leave frequency_penalty out' },
  presence_penalty: { neutral: [0], because: 'know no penalties; leave presence_penalty out' },
  modalities: { neutral: [['text'], []], because: 'answer in text only; ask for modalities ["text"]' },
  audio: { neutral: [], because: 'answer in text only; leave audio out' },
  verbosity: { neutral: ['medium'], because: 'know no verbosity; ask for it in the prompt' },
  web_search_options: { neutral: [], because: 'cannot search the web through this interface; give them a tool' },
  moderation: { neutral: [], because: 'have no moderation to configure; leave moderation out' },
  functions: { neutral: [], because: 'are called with tools here; say functions as tools' },
  function_call: { neutral: [], because: 'are called with tools here; say function_call as tool_choice' },
}

/** A chat completion's body on its way to Anthropic. */
export const CHAT_AT_ANTHROPIC: ParameterTable = {
  who: "Anthropic's models",
  // `thinking`, `top_k` and `cache_control` are Anthropic's own, which chat has no word for.
  translated: names(
    'model messages max_tokens max_completion_tokens temperature top_p stop stream tools tool_choice',
    'parallel_tool_calls reasoning_effort response_format service_tier metadata thinking top_k cache_control',
  ),
  dropped: DROPPED,
  unsupported: UNSUPPORTED,
}
