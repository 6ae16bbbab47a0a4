import { entryOf } from '../fields.ts'

/** Anthropic's reasons in the words of chat. */
const FINISH_REASONS: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  // The model would go on after a tool that ran at Anthropic; a chat goes on by sending the answer back.
  pause_turn: 'stop',
  tool_use: 'tool_calls',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  refusal: 'content_filter',
}

/** A model that calls tools has finished by calling them, whatever else it says; unless it was cut off, or stopped. */
export function toFinishReason(stopReason: unknown, callsTools: boolean): string {
  const reason = entryOf(FINISH_REASONS, stopReason) ?? 'stop'
  return reason === 'stop' && callsTools ? 'tool_calls' : reason
}

const STOP_REASONS: Readonly<Record<string, string>> = {
  stop: 'end_turn',
  tool_calls: 'tool_use',
  function_call: 'tool_use',
  length: 'max_tokens',
  content_filter: 'refusal',
}

export function toStopReason(finishReason: unknown, callsTools: boolean): string {
  const reason = entryOf(STOP_REASONS, finishReason) ?? 'end_turn'
  return reason === 'end_turn' && callsTools ? 'tool_use' : reason
}
