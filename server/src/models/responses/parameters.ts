import { names, type ParameterTable } from '../parameter-table.ts'

const WHO = 'Models without responses of their own'

/** The body of a response on its way to a model that answers chats or messages. */
export const RESPONSE_AS_CHAT: ParameterTable = {
  who: WHO,
  translated: names(
    'model input instructions max_output_tokens temperature top_p tools tool_choice parallel_tool_calls reasoning text',
    'include stream metadata service_tier user safety_identifier prompt_cache_key prompt_cache_options',
    'prompt_cache_retention',
  ),
  dropped: {
    stream_options: 'concerns the events, which are written here',
    truncation: 'shortens a long conversation; here it goes whole, or is refused as too long',
    context_management: 'shortens a long conversation; here it goes whole, or is refused as too long',
    max_tool_calls: 'counts calls of tools that OpenAI runs, of which there are none here',
  },
  unsupported: {
    background: { neutral: [false], because: 'answer while you wait; leave background out' },
    conversation: { neutral: [], because: 'remember no conversation; send all of it as input' },
    previous_response_id: { neutral: [], because: 'remember no response; send the conversation as input' },
    prompt: { neutral: [], because: 'know no prompts kept at OpenAI; send its text as instructions' },
    store: { neutral: [false], because: 'have nobody who keeps what they say; send store false, or leave it out' },
    top_logprobs: { neutral: [0], because: 'tell no probabilities of tokens here; leave top_logprobs out' },
    moderation: { neutral: [], because: 'have no moderation to configure; leave moderation out' },
  },
}

export const REASONING: ParameterTable = {
  who: WHO,
  translated: names('effort'),
  dropped: {
    summary: 'what a model tells of its reasoning is told always, as it tells it',
    generate_summary: 'what a model tells of its reasoning is told always, as it tells it',
  },
  unsupported: {
    mode: { neutral: ['standard'], because: 'reason in one way; leave reasoning.mode out' },
    context: { neutral: ['auto'], because: 'choose themselves what they read again; leave reasoning.context out' },
  },
}

export const TEXT: ParameterTable = { who: WHO, translated: names('format verbosity'), dropped: {}, unsupported: {} }

/** Of a tool that is a function. */
export const FUNCTION_TOOL: ParameterTable = {
  who: WHO,
  translated: names('type name description parameters strict'),
  dropped: {},
  unsupported: {
    defer_loading: { neutral: [false], because: 'are told of all tools at once; leave defer_loading out' },
    async: { neutral: [false], because: 'wait for the results of their calls; leave async out' },
    allowed_callers: { neutral: [['direct']], because: 'call functions themselves only; leave allowed_callers out' },
  },
}

/** What `include` may name: signed reasoning is told always, and of tools that OpenAI runs there is nothing to tell. */
export const INCLUDED: readonly string[] = [
  'reasoning.encrypted_content',
  'file_search_call.results',
  'web_search_call.results',
  'web_search_call.action.sources',
  'code_interpreter_call.outputs',
  'computer_call_output.output.image_url',
  'message.input_image.image_url',
]
